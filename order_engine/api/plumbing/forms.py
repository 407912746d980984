"""The form of every request body and query: its fields, each with its parser. Streams use the same parsers."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import NamedTuple

from order_engine.api.plumbing.problems import shortened
from order_engine.market_data.candles import INTERVALS
from order_engine.matching.commands import PlaceOrder
from order_engine.matching.events import OrderStatus
from order_engine.wire.form import (
    AMEND_FIELDS,
    CANCEL_ALL_FIELDS,
    CANCEL_FIELDS,
    CLEARABLE,
    HINTS_MAX,
    INSTRUMENT_FIELDS,
    PLACE_FIELDS,
    PLACE_REQUIRED,
    RISK_LIMITS_FIELDS,
    SETTLE_FIELDS,
    STATE_FIELDS,
    Fields,
    FormError,
    Parser,
    place_order,
    read_fields,
)
from order_engine.wire.identifiers import parse_choice, parse_identifier, parse_order_id, parse_symbol
from order_engine.wire.timestamps import parse_moment

LIMIT_DEFAULT = 100
LIMIT_MAX = 1_000
MARKETS_MAX = 100
LEVELS_DEFAULT = 10
LEVELS_MAX = 1_000
# Few sizes: each that somebody follows costs work at every change.
FEED_SIZES = ("1", "5", "10", "20", "50", "100", "500", "1000")
SEQUENCE_DIGITS_MAX = 18
BATCH_LENGTH_MAX = 1_000
ENTRIES_HINTED_MAX = 10
ENTRY_FIELDS_NAMED_MAX = 10
CURSOR_LENGTH_MAX = 256
INTERVAL_DEFAULT = "1m"
LIVE = "live"
LIVE_STATUSES = (OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)

# The key in ``errors`` for a message that is not a JSON object.
WHOLE_MESSAGE = "_schema"


class Form(NamedTuple):
    """The fields that a message may have, each with its parser; the required ones, and those that null takes away."""

    name: str
    parsers: Mapping[str, Parser]
    required: tuple[str, ...] = ()
    clearable: Collection[str] = ()

    def read(self, message: Mapping[str, object], hints_max: int = HINTS_MAX) -> Fields:
        """Parse a message; raise ``FormError`` that names every wrong field."""
        return read_fields(message, self.parsers, self.required, hints_max, self.clearable)


BatchEntry = PlaceOrder | FormError
"""One order of a batch, or the errors in it."""


def _without(name: str, parsers: Mapping[str, Parser]) -> Mapping[str, Parser]:
    return {field: parser for field, parser in parsers.items() if field != name}


def _count(maximum: int, value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= maximum):
        raise ValueError(f"Must be a whole number from 1 to {maximum}.")
    return int(text)


def _interval(value: object) -> str:
    if value not in INTERVALS:
        raise ValueError(f"Must be one of: {', '.join(INTERVALS)}.")
    return str(value)


def _cursor(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= CURSOR_LENGTH_MAX:
        raise ValueError("Must be the next_cursor of the previous page.")
    return value


def _statuses(value: object) -> tuple[OrderStatus, ...]:
    words = str(value).split(",")
    if [word.lower() for word in words] == [LIVE]:
        return LIVE_STATUSES
    return tuple(dict.fromkeys(parse_choice(OrderStatus, word) for word in words))


def _batch(value: object) -> list[BatchEntry]:
    if not isinstance(value, list) or not 1 <= len(value) <= BATCH_LENGTH_MAX:
        raise ValueError(f"Must be a list of 1 to {BATCH_LENGTH_MAX} orders.")
    entries: list[BatchEntry] = []
    hinted = 0
    for entry in value:
        read = _batch_entry(entry, HINTS_MAX if hinted < ENTRIES_HINTED_MAX else 0)
        hinted += isinstance(read, FormError)
        entries.append(read)
    return entries


def _batch_entry(entry: object, hints_max: int) -> BatchEntry:
    if not isinstance(entry, dict):
        return FormError({WHOLE_MESSAGE: ["Must be a JSON object."]})
    try:
        return place_order(PLACE_ORDER.read(entry, hints_max))
    except FormError as error:
        # A new error: the traceback of the old one keeps the whole message in memory.
        return FormError(shortened(error.errors, ENTRY_FIELDS_NAMED_MAX))


def _feed_size(value: object) -> int:
    if str(value) not in FEED_SIZES:
        raise ValueError(f"Must be one of: {', '.join(FEED_SIZES)}.")
    return int(str(value))


def _sequence(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= SEQUENCE_DIGITS_MAX):
        raise ValueError("Must be a sequence, a whole number from 0.")
    return int(text)


def _true(value: object) -> bool:
    if value is not True:
        raise ValueError("Must be true.")
    return True


_LEVELS: Mapping[str, Parser] = {"levels": partial(_count, LEVELS_MAX)}
_PAGE: Mapping[str, Parser] = {"limit": partial(_count, LIMIT_MAX), "cursor": _cursor}
_SPAN: Mapping[str, Parser] = {"since": parse_moment, "until": parse_moment}
_ORDER_FILTERS: Mapping[str, Parser] = {
    "symbol": parse_symbol,
    "status": _statuses,
    "client_order_id": parse_order_id,
    **_SPAN,
    **_PAGE,
}

PLACE_ORDER = Form("PlaceOrder", PLACE_FIELDS, PLACE_REQUIRED)
PLACE_BATCH = Form("PlaceBatch", {"orders": _batch}, ("orders",))
AMEND_ORDER = Form("AmendOrder", AMEND_FIELDS)
CANCEL_ORDER = Form("CancelOrder", CANCEL_FIELDS, ("order_id",))
_NAMED: Mapping[str, Parser] = {**CANCEL_FIELDS, "client_order_id": parse_order_id, "user_id": parse_identifier}
SOCKET_AMEND = Form("SocketAmend", {**_NAMED, **AMEND_FIELDS})
SOCKET_CANCEL = Form("SocketCancel", _NAMED)
CANCEL_ALL = Form("CancelAll", CANCEL_ALL_FIELDS, ("user_id",))
LIST_INSTRUMENT = Form("ListInstrument", INSTRUMENT_FIELDS, ("symbol",), CLEARABLE)
CHANGE_INSTRUMENT = Form("ChangeInstrument", _without("symbol", INSTRUMENT_FIELDS), (), CLEARABLE)
SET_STATE = Form("SetState", _without("symbol", STATE_FIELDS), ("state",))
SETTLE = Form("Settle", _without("symbol", SETTLE_FIELDS), ("price",))
SET_RISK_LIMITS = Form("SetRiskLimits", _without("user_id", RISK_LIMITS_FIELDS))
ACCEPT_CLOCK = Form("AcceptClock", {"accept": _true}, ("accept",))

NOTHING = Form("Nothing", {})
OF_SYMBOL = Form("OfSymbol", {"symbol": parse_symbol})
OF_USER = Form("OfUser", {"user_id": parse_identifier, "symbol": parse_symbol}, ("user_id",))
USER_ORDERS = Form("UserOrders", _ORDER_FILTERS)
ORDERS = Form("Orders", {"user_id": parse_identifier, **_ORDER_FILTERS})
INSTRUMENTS = Form("Instruments", _PAGE)
POSITIONS = Form("Positions", _PAGE)
ORDER_PAGES = Form("OrderPages", {"symbol": parse_symbol, **_PAGE})
TRADES = Form(
    "Trades",
    {
        "symbol": parse_symbol,
        "user_id": parse_identifier,
        "order_id": parse_order_id,
        **_SPAN,
        **_PAGE,
    },
)
MARKETS = Form("Markets", {"limit": partial(_count, MARKETS_MAX), "cursor": _cursor})
CANDLES = Form("Candles", {"interval": _interval, **_SPAN, **_PAGE})
DEPTH = Form("Depth", _LEVELS)
BOOK_FEED = Form("BookFeed", {"levels": _feed_size, "orders": _feed_size})
TRADE_FEED = Form("TradeFeed", {"since": _sequence})
ORDER_BOOK = Form("OrderBook", _LEVELS)


def filters_of(query: Fields) -> Fields:
    """Return the filters of a list, named as the database's reads name them, with a limit."""
    named = {f"{name}_ns" if name in _SPAN else name: value for name, value in query.items()}
    return {"limit": LIMIT_DEFAULT, **named}


PATH_PARSERS: Mapping[str, Parser] = {
    "order_id": parse_order_id,
    "client_order_id": parse_order_id,
    "user_id": parse_identifier,
    "symbol": parse_symbol,
}
