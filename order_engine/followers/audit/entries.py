"""Entries: one line of JSON for each command, made from the journal alone and chained to the line before.

A line's chain is the SHA-256 over the previous line's chain, as hexadecimal text, and the line without its own
``chain``. A line that is changed, dropped or inserted breaks the chain, unless all later lines are rewritten.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.sentences import command_sentence, event_sentence, kinds, quantity_text, tag_of
from order_engine.matching.commands import Command
from order_engine.matching.events import AmendRejected, CancelRejected, Event, OrderState, TradeExecuted
from order_engine.wire.timestamps import NS_PER_SECOND, NS_PER_US, format_timestamp

FIRST_CHAIN: Final = b"0" * 64
_CHAIN_KEY = b',"chain":"'
_CHAIN_END = b'"}'
_ENDING_BYTES = 77

# User names have no spaces, so none can equal one of these names or an actor's.
OPERATOR = "the operator"
EXCHANGE = "the exchange"
UNNAMED = "an unnamed user"
_BY_TAG = {
    "set_instrument": OPERATOR,
    "set_state": OPERATOR,
    "set_risk_limits": OPERATOR,
    "disable_user": OPERATOR,
    "enable_user": OPERATOR,
    "expire_due": EXCHANGE,
    "continue": EXCHANGE,
    "configure": EXCHANGE,
}


class OrderOutcome(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An order's state after the command; for an unknown order only the ``reason`` of the refusal is set."""

    user: str | None = None
    status: str | None = None
    quantity: str | None = None
    filled: str | None = None
    reason: str | None = None


class Entry(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A command and its outcome.

    ``by`` is the record's actor, else ``user``, else one of the names above. ``user`` is the user whom the command
    names, or the owner of its order; it is left out if it equals ``by``. ``part`` is ``k of n`` for the commands of a
    batch, which are carried out all or none.
    """

    sequence: int
    time: str
    by: str
    user: str | None = None
    command: str
    outcome: list[str]
    orders: dict[str, OrderOutcome] = {}
    part: str | None = None


class Header(Struct, frozen=True, kw_only=True):
    """The first line of a segment. ``previous`` is the chain of the last line of the segment before."""

    audit: int
    journal_id: str
    wording: int
    first_sequence: int
    time: str
    previous: str


_encode = msgspec.json.Encoder().encode
decode_entry = msgspec.json.Decoder(Entry).decode
decode_header = msgspec.json.Decoder(Header).decode


def bodies_of(applied: Applied) -> Iterator[bytes]:
    """Yield the line of each command of a record, in order, without chain and newline."""
    record = applied.record
    time, count = _time_text(record.timestamp_ns), len(record.commands)
    pairs = zip(record.commands, applied.events, strict=True)
    for number, (command, events) in enumerate(pairs):
        states = _last_states(events)
        user = _user_of(command, states)
        by = record.actor or _ROLES.get(type(command)) or user or UNNAMED
        yield _encode(
            Entry(
                sequence=record.sequence + number,
                time=time,
                by=by,
                user=None if user == by else user,
                command=command_sentence(command),
                outcome=[event_sentence(event) for event in events],
                orders=states,
                part=None if count == 1 else f"{number + 1} of {count}",
            )
        )


def header_body(header: Header) -> bytes:
    """Return the line of a header, without chain and newline."""
    return _encode(header)


def chain_after(previous: bytes, body: bytes) -> bytes:
    """Return the chain of a line that follows a line with the chain ``previous``."""
    return sha256(previous + body).hexdigest().encode()


def chained_line(body: bytes, chain: bytes) -> bytes:
    """Return the whole line."""
    return b"%b%b%b%b\n" % (body[:-1], _CHAIN_KEY, chain, _CHAIN_END)


def split_line(line: bytes) -> tuple[bytes, bytes] | None:
    """Return body and chain of a whole line, or None if it has no chain where one should be."""
    mark, end = len(line) - _ENDING_BYTES, len(line) - 1
    if mark < 1 or line[end:] != b"\n" or line[mark : mark + 10] != _CHAIN_KEY or line[end - 2 : end] != _CHAIN_END:
        return None
    return line[:mark] + b"}", line[mark + 10 : end - 2]


def is_last_part(entry: Entry) -> bool:
    """Tell whether a record ends with this entry."""
    if entry.part is None:
        return True
    number, _, count = entry.part.partition(" of ")
    return number == count


def _time_text(timestamp_ns: int) -> str:
    # Thousands of commands share a second, so only the microseconds are formatted for each.
    seconds, fraction_ns = divmod(timestamp_ns, NS_PER_SECOND)
    return f"{_up_to_second(seconds)}{fraction_ns // NS_PER_US:06d}Z"


@lru_cache(maxsize=16)
def _up_to_second(seconds: int) -> str:
    return format_timestamp(seconds * NS_PER_SECOND).removesuffix("000000Z")


def _last_states(events: list[Event]) -> dict[str, OrderOutcome]:
    states: dict[str, OrderState] = {}
    unknown: dict[str, OrderOutcome] = {}
    for event in events:
        if type(event) is TradeExecuted:
            states[event.buy.order_id] = event.buy
            states[event.sell.order_id] = event.sell
        elif (order := getattr(event, "order", None)) is not None:
            states[order.order_id] = order
        elif isinstance(event, AmendRejected | CancelRejected) and event.order_id is not None:
            user_id = event.user_id if isinstance(event, AmendRejected) else None
            unknown[event.order_id] = OrderOutcome(user=user_id, reason=event.reason)
    outcomes = {order_id: _outcome_of(state) for order_id, state in states.items()}
    return unknown | outcomes if unknown else outcomes


def _outcome_of(state: OrderState) -> OrderOutcome:
    return OrderOutcome(
        user=state.placed.user_id,
        status=state.status,
        quantity=quantity_text(state.quantity_e8),
        filled=quantity_text(state.filled_e8),
        reason=state.reason,
    )


def _user_of(command: Command, orders: dict[str, OrderOutcome]) -> str | None:
    user_id: str | None = getattr(command, "user_id", None)
    order_id: str | None = getattr(command, "order_id", None)
    if user_id is None and order_id is not None and order_id in orders:
        return orders[order_id].user
    return user_id


_ROLES = {kind: _BY_TAG[tag_of(kind)] for kind in kinds(Command) if tag_of(kind) in _BY_TAG}
