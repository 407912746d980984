"""The document that a request gets when it fails."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """RFC 9457, with a machine-readable `code`; `errors` names wrong fields, `order` is one that was refused."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, list[str]] | UnsetType = UNSET
    # Any: Order, whose module needs this one.
    order: Annotated[Any, Meta(extra_json_schema={"$ref": "#/components/schemas/Order"})] = UNSET
    request_id: str | UnsetType = UNSET
