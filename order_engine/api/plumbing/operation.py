"""An operation of the API: its request, its responses and its access. Routes and OpenAPI are made from it."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.forms import NOTHING, Form
from order_engine.api.plumbing.responses import JSON_TYPE

BODY_BYTES_MAX = 1 << 20
_TRADE = Access.TRADE


class Operation(NamedTuple):
    """``responses`` maps each status to the message in its body; None means any JSON.

    An operation shows what belongs to a user, unless its ``access`` says otherwise. One with ``waits_for_database``
    runs once the database has reached the request's ``X-Min-Sequence``.
    """

    summary: str
    responses: Mapping[int, type[Struct] | None]
    access: Access = Access.READ
    body: Form | None = None
    query: Form = NOTHING
    problems: tuple[int, ...] = ()
    body_bytes_max: int = BODY_BYTES_MAX
    description: str = ""
    waits_for_database: bool = False
    media_type: str = JSON_TYPE

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.access >= _TRADE
