"""The user of a request: that of the key, where the request names none, and no other, unless the key is an admin's."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import ANYBODY, Access, Caller
from order_engine.api.plumbing.forms import Form
from order_engine.api.plumbing.keys import WHERE, unauthorized
from order_engine.api.plumbing.problems import Problem
from order_engine.matching.commands import PlaceOrder
from order_engine.wire.field_names import OTHER_NAMES
from order_engine.wire.form import Fields

FIELD = "user_id"
OTHER_NAME = next(other for other, name in OTHER_NAMES.items() if name == FIELD)

Message = TypeVar("Message", bound=dict[str, object])


def fill_in(caller: Caller, form: Form, message: Message) -> None:
    """Add the key's user to a message that may name one and names none; for admins only to a new order."""
    if caller.user_id is None or FIELD not in form.parsers or (caller.is_admin and form is not forms.PLACE_ORDER):
        return
    name = OTHER_NAME if OTHER_NAME in message else FIELD
    if message.get(name) is None:
        message[name] = caller.user_id


def fill_in_batch(caller: Caller, fields: Fields) -> None:
    """Add the key's user to the orders of a batch that name none."""
    if caller.user_id is not None:
        fields["orders"] = [
            msgspec.structs.replace(entry, user_id=caller.user_id)
            if isinstance(entry, PlaceOrder) and entry.user_id is None
            else entry
            for entry in fields["orders"]
        ]


def require_own(caller: Caller, access: Access, sources: Iterable[Mapping[str, object]]) -> None:
    """Refuse a request about another user than the caller may act for; raises ``Problem``."""
    if caller.is_admin:
        return
    for source in sources:
        named = source.get(FIELD)
        if named is not None and named != caller.user_id:
            raise _refusal(caller, access)
        if caller is ANYBODY and "order_id" in source:
            raise _refusal(caller, access)


def not_for(caller: Caller) -> Problem:
    """Return the problem of a key that may not act for a user."""
    return Problem("forbidden", f"This key acts for the user {caller.user_id} only.")


def _refusal(caller: Caller, access: Access) -> Problem:
    if caller is ANYBODY:
        return unauthorized(f"What belongs to a user needs a key: send it in {WHERE}.")
    if access >= Access.TRADE:
        return not_for(caller)
    return Problem("not_found", f"This key shows what belongs to the user {caller.user_id} only.")
