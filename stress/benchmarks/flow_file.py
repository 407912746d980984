"""The flow files of the public matching-engine benchmark: read, turned into commands, and reported in its format.

A file is a 16-byte header, then messages of 40 bytes, little endian. A modify names the new *open* quantity, an amend
the new total: the translation therefore runs the engine once, and keeps what has been filled of each order.
"""

import lzma
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from order_engine.matching.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    PlaceOrder,
    SetInstrument,
    Side,
    TimeInForce,
)
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderState,
    TradeExecuted,
)

SYMBOL = "FLOW"
UNIT_E8 = 10**8
HEADER = struct.Struct("<QII")
MESSAGE = struct.Struct("<BBBBIQQqq")
NEW, CANCEL, MODIFY = 0, 1, 2
SIDES = (Side.BUY, Side.SELL)

# One tick of the file is one unit of price, one lot one unit of quantity.
LISTING = SetInstrument(symbol=SYMBOL, tick_size_e8=UNIT_E8, lot_size_e8=UNIT_E8)


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the flow; ``quantity`` of a modify is the new open quantity."""

    kind: int
    side: int
    ioc: bool
    quantity: int
    sequence: int
    order_id: int
    price: int


def read_messages(path: Path, count_max: int | None = None) -> list[Message]:
    """Read a flow file, plain or compressed with xz; raise ValueError if it is cut short."""
    raw = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    _, _, count = HEADER.unpack_from(raw)
    found, rest = divmod(len(raw) - HEADER.size, MESSAGE.size)
    if rest or found != count:
        raise ValueError(f"{path}: expected {count} messages, found {found} and {rest} bytes")
    wanted = count if count_max is None else min(count, count_max)
    body = memoryview(raw)[HEADER.size : HEADER.size + wanted * MESSAGE.size]
    return [
        Message(kind, side, bool(ioc), quantity, sequence, order_id, price)
        for kind, side, ioc, _, quantity, sequence, order_id, price, _ in MESSAGE.iter_unpack(body)
    ]


@dataclass(slots=True)
class FlowTranslator:
    """Applies messages to an engine of its own; keeps the commands they became."""

    engine: MatchingEngine = field(default_factory=MatchingEngine)
    commands: list[Command] = field(default_factory=list)
    _filled: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """List the one instrument of the flow."""
        self._apply(LISTING)

    def report(self, message: Message) -> list[str]:
        """Apply one message; return its lines of the benchmark's report."""
        events = self._apply(self._command(message))
        for event in events:
            if isinstance(event, TradeExecuted):
                self._filled[event.buy.order_id] = event.buy.filled_e8
                self._filled[event.sell.order_id] = event.sell.filled_e8
        lines = [line for event in events for line in _lines(event, message)]
        if message.kind == MODIFY and not isinstance(events[0], AmendRejected):
            lines.append(f"3,{message.sequence},{message.side},{message.order_id},{message.price},{message.quantity}")
        return lines

    def _apply(self, command: Command) -> list[Event]:
        self.commands.append(command)
        return self.engine.apply(command, len(self.commands), len(self.commands))

    def _command(self, message: Message) -> Command:
        order_id = str(message.order_id)
        if message.kind == CANCEL:
            return CancelOrder(order_id=order_id)
        if message.kind == MODIFY:
            total_e8 = self._filled.get(order_id, 0) + message.quantity * UNIT_E8
            return AmendOrder(order_id=order_id, price_e8=message.price * UNIT_E8, quantity_e8=total_e8)
        return PlaceOrder(
            symbol=SYMBOL,
            side=SIDES[message.side],
            quantity_e8=message.quantity * UNIT_E8,
            price_e8=message.price * UNIT_E8,
            time_in_force=TimeInForce.IOC if message.ioc else TimeInForce.GTC,
            order_id=order_id,
        )


def _lines(event: Event, message: Message) -> Iterator[str]:
    sequence = message.sequence
    match event:
        case OrderAccepted():
            yield f"0,{sequence},{message.side},{message.order_id},{message.price},{message.quantity}"
        case TradeExecuted():
            assert event.maker is not None
            assert event.taker is not None
            price, quantity = event.price_e8 // UNIT_E8, event.quantity_e8 // UNIT_E8
            yield f"1,{sequence},{price},{quantity},{event.maker.order_id},{event.taker.order_id}"
        case OrderCanceled():
            yield f"2,{sequence},{SIDES.index(event.order.placed.side)},{event.order.order_id},{_price(event.order)}"
        case CancelRejected():
            yield f"4,{sequence},{message.order_id}"
        case AmendRejected():
            yield f"5,{sequence},{message.order_id}"


def _price(order: OrderState) -> int:
    assert order.price_e8 is not None
    return order.price_e8 // UNIT_E8
