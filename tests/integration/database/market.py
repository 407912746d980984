"""Builds applied records: commands go through a real matching engine."""

from collections.abc import Iterable, Iterator
from typing import Any

from order_engine.exchange.applied import Applied
from order_engine.journal.record import Record
from order_engine.matching.commands import AmendOrder, CancelOrder, Command, PlaceOrder, Side
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import OrderState, TradeExecuted

START_NS = 1_700_000_000_000_000_000
E8 = 10**8


def order(side: Side, price: int = 100, quantity: int = 10, symbol: str = "AAPL", **terms: Any) -> PlaceOrder:
    """A limit order in whole units."""
    return PlaceOrder(symbol=symbol, side=side, price_e8=price * E8, quantity_e8=quantity * E8, **terms)


def buy(price: int = 100, quantity: int = 10, symbol: str = "AAPL", **terms: Any) -> PlaceOrder:
    return order(Side.BUY, price, quantity, symbol, **terms)


def sell(price: int = 100, quantity: int = 10, symbol: str = "AAPL", **terms: Any) -> PlaceOrder:
    return order(Side.SELL, price, quantity, symbol, **terms)


def cancel(order_id: str) -> CancelOrder:
    return CancelOrder(order_id=order_id)


def amend(order_id: str, quantity: int) -> AmendOrder:
    return AmendOrder(order_id=order_id, quantity_e8=quantity * E8)


class Market:
    """A journal in memory: remembers every record that it applied."""

    def __init__(self) -> None:
        self.engine = MatchingEngine()
        self.journal: list[Applied] = []
        self.now_ns = START_NS

    @property
    def end(self) -> int:
        return self.engine.sequence

    def apply(self, *commands: Command) -> Applied:
        """One record of these commands, a microsecond later than the last."""
        self.now_ns += 1_000
        first = self.engine.sequence + 1
        record = Record(sequence=first, timestamp_ns=self.now_ns, commands=commands)
        events = [self.engine.apply(command, first + at, self.now_ns) for at, command in enumerate(commands)]
        self.journal.append(Applied(record, events))
        return self.journal[-1]

    def apply_each(self, commands: Iterable[Command]) -> list[Applied]:
        return [self.apply(command) for command in commands]

    def history(self, after_sequence: int, until_sequence: int) -> Iterator[Applied]:
        """The records that a replay of the journal gives."""
        for applied in self.journal:
            if after_sequence < applied.record.sequence and applied.record.last_sequence <= until_sequence:
                yield applied

    def trade_volume_e8(self) -> int:
        return sum(event.quantity_e8 for event in self._events() if isinstance(event, TradeExecuted))

    def last_states(self) -> dict[int, OrderState]:
        """Every order after the last event about it."""
        states: dict[int, OrderState] = {}
        for event in self._events():
            if isinstance(event, TradeExecuted):
                states |= {event.buy.sequence: event.buy, event.sell.sequence: event.sell}
            elif (state := getattr(event, "order", None)) is not None:
                states[state.sequence] = state
        return states

    def _events(self) -> Iterator[object]:
        for applied in self.journal:
            for events in applied.events:
                yield from events


def busy_market(pairs: int) -> Market:
    """A market with trades, amends, cancels and refusals."""
    market = Market()
    for number in range(pairs):
        market.apply(sell(price=100 + number % 3, quantity=10, user_id=f"seller{number % 2}"))
        market.apply(buy(price=101, quantity=7, user_id=f"buyer{number % 3}", client_order_id=f"c{number}"))
        market.apply(amend(str(market.end), quantity=9))
        market.apply(cancel(str(market.end - 2)), cancel("no-such-order"))
    return market
