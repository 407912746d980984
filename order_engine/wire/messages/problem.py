"""The problem document: the response to a request that failed."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """RFC 9457, with a machine-readable `code`; `errors` maps wrong fields to messages, `order` is a refused one."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, list[str]] | UnsetType = UNSET
    # Any: an Order; importing it would be a cycle.
    order: Annotated[Any, Meta(extra_json_schema={"$ref": "#/components/schemas/Order"})] = UNSET
    request_id: str | UnsetType = UNSET
