"""The columns of the tables, in the order that the values of a row have, and how an order fills its columns."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from order_engine.database.tables import Base, InstrumentRow, OrderEventRow, OrderRow, PositionRow, TradeRow
from order_engine.database.wide_integer import WideInteger
from order_engine.matching.commands import OrderType, SelfTradePrevention, Side, TimeInForce
from order_engine.matching.events import OrderState, OrderStatus
from order_engine.matching.reason import Reason


def columns_of(row: type[Base]) -> tuple[str, ...]:
    """Return the names of a table's columns."""
    return tuple(row.__table__.columns.keys())


def _source_of(column: str) -> str:
    """Return the path of an order's column in ``OrderState``."""
    if column == "created_ns":
        return "timestamp_ns"
    if column in OrderState.__struct_fields__:
        return column
    return f"placed.{column.removeprefix('placed_')}"


ORDER_KEY = ("sequence",)
ORDER_UPDATE = ("updated_ns", "updated_sequence")
_SOURCES = {name: _source_of(name) for name in columns_of(OrderRow) if name not in ORDER_KEY + ORDER_UPDATE}
# The terms never change; the rest of an order may.
ORDER_TERMS = tuple(name for name, path in _SOURCES.items() if path in ("order_id", "timestamp_ns") or "." in path)
ORDER_STANDING = tuple(name for name in _SOURCES if name not in ORDER_TERMS)
ORDER_CHANGES = ORDER_STANDING + ORDER_UPDATE
ORDER_COLUMNS = ORDER_TERMS + ORDER_CHANGES + ORDER_KEY
TRADE_COLUMNS = columns_of(TradeRow)
EVENT_STANDING = tuple(name for name in columns_of(OrderEventRow) if name in ORDER_STANDING)
ORDER_EVENT_COLUMNS = (
    *("sequence", "number", "order_id", "event", "canceled_e8", "decremented_e8", "occurred_ns", "actor"),
    *EVENT_STANDING,
)
STATE_COLUMNS = ("symbol", "state", "state_since_ns")
INSTRUMENT_COLUMNS = tuple(name for name in columns_of(InstrumentRow) if name not in STATE_COLUMNS[1:])
POSITION_COLUMNS = columns_of(PositionRow)

_ENUMERATIONS = (Side, OrderStatus, OrderType, TimeInForce, Reason, SelfTradePrevention)
# Plain strings: for an enum member the SQLite driver would look for an adapter first, which is slow.
WORDS: Mapping[str | None, str | None] = MappingProxyType(
    {None: None} | {word: word.value for words in _ENUMERATIONS for word in words}
)
_WORD_COLUMNS = frozenset({"side", "order_type", "time_in_force", "self_trade_prevention", "status", "reason"})


def order_reader(columns: Sequence[str]) -> Callable[[OrderState], list[Any]]:  # Any: the types of the columns
    """Return a function that reads columns of an order; enumerations and wide integers become text."""
    read = attrgetter(*(_SOURCES[name] for name in columns))
    types = OrderRow.__table__.columns
    words = [place for place, name in enumerate(columns) if name in _WORD_COLUMNS]
    wide = [place for place, name in enumerate(columns) if isinstance(types[name].type, WideInteger)]

    def values_of(state: OrderState) -> list[Any]:  # Any: as above
        values = list(read(state))
        for place in words:
            values[place] = WORDS[values[place]]
        for place in wide:
            values[place] = str(values[place])
        return values

    return values_of
