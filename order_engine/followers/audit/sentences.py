"""Commands and events in words.

A sentence depends only on its command or event, so it can be made again and compared. Prices have at least two
decimals, whatever the tick. The texts of amounts are cached, because amounts repeat. Raise ``WORDING`` when you change
an existing sentence: lines of another wording are not compared word by word.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, get_args

import msgspec
from msgspec import NODEFAULT, Struct, structs

from order_engine.followers.audit.reasons import because
from order_engine.matching.commands import Command, PlaceOrder
from order_engine.matching.events import Event, OrderState, TradeExecuted
from order_engine.wire.timestamps import format_timestamp
from order_engine.wire.units import format_price, format_quantity

WORDING: Final = 2
_CENT_E8 = 1_000_000

# Any in this module: a command or an event, already selected by its type.
Writer = Callable[[Any], str]


@lru_cache(maxsize=8_192)
def price_text(price_e8: int) -> str:
    """Write a price with at least two decimals."""
    return format_price(price_e8, _CENT_E8)


quantity_text = lru_cache(maxsize=8_192)(format_quantity)


def command_sentence(command: Command) -> str:
    """Return what was asked, as the end of a sentence that begins "somebody asked to"."""
    return _WRITER_OF_COMMAND[type(command)](command)


def event_sentence(event: Event) -> str:
    """Return what happened, as a sentence."""
    return _WRITER_OF_EVENT[type(event)](event)


def order_name(order: OrderState) -> str:
    """Return the name of an order and its user."""
    user_id = order.placed.user_id
    return f"order {order.order_id}" if user_id is None else f"order {order.order_id} of {user_id}"


def tag_of(message: type[Struct]) -> str:
    """Return the tag of a type of command or event, without its version."""
    return str(message.__struct_config__.tag).partition("/")[0]


def kinds(union: object) -> tuple[type[Struct], ...]:
    """Return the members of a union of commands or events."""
    return get_args(union)


# In settings False and 0 carry meaning, so they are always written.
_ALWAYS_SAID = frozenset({"default_tick_size_e8", "default_lot_size_e8", "auto_list", "max_instruments"})


class _Terms:
    """Writes the fields of a message that are not at their default: ``post only, time in force IOC``."""

    def __init__(self, message: type[Struct], without: Iterable[str] = ()) -> None:
        left_out = frozenset(without)
        self._fields = [
            (field.name, _words_of_name(field.name), None if field.default is NODEFAULT else field.default)
            for field in structs.fields(message)
            if field.name not in left_out
        ]
        self._values = attrgetter(*(name for name, _, _ in self._fields)) if len(self._fields) > 1 else None
        self._defaults = tuple(default for _, _, default in self._fields)
        self._may_be_empty = not _ALWAYS_SAID & {name for name, _, _ in self._fields}

    def __call__(self, message: Struct) -> str:
        if self._values is not None and self._may_be_empty and self._values(message) == self._defaults:
            return ""
        said = []
        for name, words, default in self._fields:
            value = getattr(message, name)
            if value is not None and (value != default or name in _ALWAYS_SAID):
                said.append(words if value is True else f"{words} {_value_text(name, value)}")
        return ", ".join(said)


def _words_of_name(name: str) -> str:
    return name.removesuffix("_e8").removesuffix("_ns").replace("_", " ")


def _value_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and name.endswith("_e8"):
        return price_text(value) if "price" in name else quantity_text(value)
    if isinstance(value, int) and name.endswith("_ns"):
        return format_timestamp(value)
    if isinstance(value, str | int | StrEnum):
        return str(value)
    return msgspec.json.encode(value).decode()


def _with(sentence: str, terms: str) -> str:
    return f"{sentence}: {terms}" if terms else sentence


def _generic(message: type[Struct]) -> Writer:
    """Write a message that has no sentence of its own: its name and its fields."""
    words, terms = tag_of(message).replace("_", " "), _Terms(message)
    return lambda found: _with(words, terms(found))


_place_terms = _Terms(PlaceOrder, ("symbol", "side", "quantity_e8", "price_e8", "user_id", "order_type"))


def _place(command: Any) -> str:
    price_e8, kind = command.price_e8, command.order_type
    price = "at the market" if price_e8 is None else f"at {price_text(price_e8)}"
    kind_words = "" if kind == "LIMIT" or kind == "MARKET" else f" as {kind}"
    sentence = f"{command.side.lower()} {quantity_text(command.quantity_e8)} {command.symbol} {price}{kind_words}"
    terms = _place_terms(command)
    return f"{sentence}, {terms}" if terms else sentence


def _named(command: Any) -> str:
    if command.order_id is not None:
        name = f"order {command.order_id}"
    else:
        name = f"the order that {command.user_id} calls {command.client_order_id}"
    return name if command.symbol is None else f"{name} in {command.symbol}"


def _cancel_all(command: Any) -> str:
    side = "" if command.side is None else f" to {command.side.lower()}"
    symbol = "" if command.symbol is None else f" in {command.symbol}"
    return f"cancel all orders of {command.user_id}{side}{symbol}"


def _amend(message: type[Struct]) -> Writer:
    terms = _Terms(message, ("order_id", "user_id", "client_order_id", "symbol"))
    return lambda command: _with(f"amend {_named(command)}", terms(command))


def _with_terms(sentence: Writer, *without: str) -> Callable[[type[Struct]], Writer]:
    def writer(message: type[Struct]) -> Writer:
        terms = _Terms(message, without)
        return lambda found: _with(sentence(found), terms(found))

    return writer


def _just(sentence: Writer) -> Callable[[type[Struct]], Writer]:
    return lambda _: sentence


def _trade(event: TradeExecuted) -> str:
    return (
        f"{order_name(event.buy)} bought {quantity_text(event.quantity_e8)} at {price_text(event.price_e8)} from "
        f"{order_name(event.sell)} (trade {event.trade_id})"
    )


def _amended(event: Any) -> str:
    order = event.order
    price = "" if order.price_e8 is None else f" at {price_text(order.price_e8)}"
    return f"{order_name(order)} was amended to {quantity_text(order.quantity_e8)}{price}"


def _lost(words: str) -> Writer:
    def sentence(event: Any) -> str:
        reason = event.order.reason
        why = "" if reason is None else f" {because(reason)}"
        return f"{order_name(event.order)} {words.format(quantity_text(event.quantity_e8))}{why}"

    return sentence


def _refused(what: str) -> Writer:
    def sentence(event: Any) -> str:
        return f"the {what} was refused {because(event.reason)}"

    return sentence


def _instrument(verb: str) -> Writer:
    terms: dict[type[Struct], _Terms] = {}

    def sentence(event: Any) -> str:
        instrument = event.instrument
        write = terms.setdefault(type(instrument), _Terms(type(instrument), ("symbol",)))
        return f"{instrument.symbol} was {verb}: {write(instrument)}"

    return sentence


def _state(event: Any) -> str:
    why = "" if event.reason is None else f" {because(event.reason)}"
    return f"{event.symbol} is {event.state} from here on{why}"


def _user_enabled(event: Any) -> str:  # Any: a UserEnabled of any version
    once = " once everybody is enabled" if event.is_disabled is True else ""
    return f"orders of {event.user_id} are taken again{once}"


def _continue(command: Any) -> str:  # Any: a Continue of any version
    if command.begun_by is not None:
        return f"end more of the orders that the command {command.begun_by} is to end"
    return f"give the stops that triggered in {command.symbol} their turn"


COMMAND_WORDS: dict[str, Callable[[type[Struct]], Writer]] = {
    "place_order": _just(_place),
    "amend_order": _amend,
    "cancel_order": _just(lambda command: f"cancel {_named(command)}"),
    "cancel_all": _just(_cancel_all),
    "set_instrument": _with_terms(lambda command: f"list or change {command.symbol}", "symbol"),
    "settle_instrument": _just(lambda command: f"settle {command.symbol} at {price_text(command.price_e8)}"),
    "delist_instrument": _just(lambda command: f"take {command.symbol} off the list"),
    "set_state": _just(lambda command: f"bring {command.symbol} to {command.state}"),
    "set_risk_limits": _with_terms(lambda command: f"limit the user {command.user_id}", "user_id"),
    "disable_user": _just(lambda command: f"disable the user {command.user_id}"),
    "enable_user": _just(lambda command: f"enable the user {command.user_id}"),
    "expire_due": _just(lambda _: "expire what is due"),
    "continue": _just(_continue),
    "configure": _with_terms(lambda _: "match under these settings"),
}

EVENT_WORDS: dict[str, Writer] = {
    "accepted": lambda event: f"{order_name(event.order)} was accepted",
    "rejected": lambda event: f"{order_name(event.order)} was refused {because(event.order.reason)}",
    "trade": _trade,
    "amended": _amended,
    "amend_rejected": _refused("amend"),
    "canceled": _lost("was canceled with {} left"),
    "decremented": _lost("was reduced by {} rather than trade with its own user's"),
    "triggered": lambda event: f"{order_name(event.order)} was triggered",
    "expired": _lost("expired with {} left"),
    "cancel_rejected": _refused("cancel"),
    "instrument_listed": _instrument("listed"),
    "instrument_changed": _instrument("changed"),
    "instrument_rejected": lambda event: f"{event.symbol} was not listed or changed {because(event.reason)}",
    "settled": lambda event: f"all positions in {event.instrument.symbol} ended at {price_text(event.price_e8)}",
    "settle_rejected": lambda event: f"{event.symbol} was not settled {because(event.reason)}",
    "instrument_delisted": lambda event: f"{event.symbol} is listed no more",
    "delist_rejected": lambda event: f"{event.symbol} stays listed {because(event.reason)}",
    "state": _state,
    "state_rejected": lambda event: f"{event.symbol} did not change its state {because(event.reason)}",
    "risk_limits": lambda event: f"the user {event.limits.user_id} has new limits",
    "user_disabled": lambda event: f"orders of {event.user_id} are not taken from here on",
    "user_enabled": _user_enabled,
    "configured": lambda _: "matching goes by these settings from here on",
}


_WRITER_OF_COMMAND: dict[type, Writer] = {
    kind: COMMAND_WORDS.get(tag_of(kind), _generic)(kind) for kind in kinds(Command)
}
_WRITER_OF_EVENT: dict[type, Writer] = {kind: EVENT_WORDS.get(tag_of(kind)) or _generic(kind) for kind in kinds(Event)}
