"""Makes messages about an order. A message's Struct names the fields, and their types say how each is written."""

from operator import attrgetter, itemgetter
from typing import Generic, TypeVar, get_args, get_type_hints

from msgspec import Struct

from order_engine.matching.commands import PlaceOrder
from order_engine.matching.events import OrderState
from order_engine.wire.messages.json_types import Price, Quantity, Timestamp
from order_engine.wire.timestamps import format_timestamp
from order_engine.wire.units import format_price, format_quantity

OTHER_NAMES = {"type": "order_type", "created_at": "timestamp_ns"}

AnyMessage = TypeVar("AnyMessage", bound=Struct)


class OrderWriter(Generic[AnyMessage]):
    """Makes one kind of message. The caller gives the fields named in ``given``; the others are the order's."""

    def __init__(self, message: type[AnyMessage], *given: str) -> None:
        own = [name for name in message.__struct_fields__ if name not in given]
        standing = {name: found for name in own if (found := _attribute(OrderState, name))}
        placed = {name: _attribute(PlaceOrder, name) for name in own if name not in standing}
        names = [*standing, *placed, *given]
        types = get_type_hints(message, include_extras=True)
        kinds = [(types[name], *get_args(types[name])) for name in (*standing, *placed)]
        self._message = message
        self._read_standing = attrgetter(*standing.values())
        self._read_placed = attrgetter(*placed.values())
        self._prices = [place for place, kind in enumerate(kinds) if Price in kind]
        self._quantities = [place for place, kind in enumerate(kinds) if Quantity in kind]
        self._timestamps = [place for place, kind in enumerate(kinds) if Timestamp in kind]
        self._in_order = itemgetter(*map(names.index, message.__struct_fields__))

    def write(self, state: OrderState, tick_size_e8: int, *given: object) -> AnyMessage:
        """Make the message of an order; what is absent is null."""
        values = [*self._read_standing(state), *self._read_placed(state.placed), *given]
        for place in self._prices:
            if (price_e8 := values[place]) is not None:
                values[place] = format_price(price_e8, tick_size_e8)
        for place in self._quantities:
            if (quantity_e8 := values[place]) is not None:
                values[place] = format_quantity(quantity_e8)
        for place in self._timestamps:
            if (timestamp_ns := values[place]) is not None:
                values[place] = format_timestamp(timestamp_ns)
        return self._message(*self._in_order(values))


def _attribute(kind: type[Struct], name: str) -> str:
    """Return the attribute behind a message's field, which is named with its unit; empty if there is none."""
    known = kind.__struct_fields__
    spellings = (name, f"{name}_e8", f"{name}_ns", f"{name.removesuffix('_quantity')}_e8", OTHER_NAMES.get(name))
    return next((spelled for spelled in spellings if spelled in known), "")
