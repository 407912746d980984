"""What an operation takes and gives: the description by which it is served and documented."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from order_engine.api.plumbing.forms import NOTHING, Form
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.responses import JSON_TYPE

BODY_BYTES_MAX = 1 << 20


class Operation(NamedTuple):
    """``responses`` gives the message in the body for each status; None stands for any JSON.

    An operation that ``waits_for_database`` runs once the database shows what the caller has seen.
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
