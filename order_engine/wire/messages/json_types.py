"""Field types of outgoing messages, each with its JSON schema for the OpenAPI document."""

from typing import Annotated

from msgspec import Meta

_AMOUNT = r"^-?[0-9]+(\.[0-9]+)?$"

Quantity = Annotated[str, Meta(pattern=_AMOUNT, extra_json_schema={"example": "100"})]
Price = Annotated[str, Meta(pattern=_AMOUNT, extra_json_schema={"example": "150.50"})]
Percent = Annotated[str, Meta(pattern=_AMOUNT, extra_json_schema={"example": "10"})]
Step = Annotated[str, Meta(pattern=_AMOUNT, extra_json_schema={"example": "0.01"})]
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
TimeOfDay = Annotated[str, Meta(extra_json_schema={"example": "09:30:00"})]
