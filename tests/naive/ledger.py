"""A ledger kept from events alone: it adds up what they say and knows who must trade next.

It shares no code and no state with the engine or the naive exchange, and raises ``AssertionError`` at the first event
that breaks a promise of the rulebook's "Always true".
"""

from collections import Counter
from dataclasses import dataclass, field

from order_engine.matching.commands import Side
from order_engine.matching.events import (
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderState,
    OrderStatus,
    TradeExecuted,
)


@dataclass
class Account:
    """What the events have said of one order so far."""

    last: OrderState
    arrival: int
    traded_e8: int = 0
    traded_notional_e16: int = 0
    canceled_e8: int = 0

    def priority(self) -> tuple[int, int]:
        """Sorts first whoever must trade first."""
        assert self.last.price_e8 is not None
        return (-self.last.price_e8 if self.last.placed.side is Side.BUY else self.last.price_e8, self.arrival)


@dataclass
class Ledger:
    """Follows events, one command's at a time; ``bought_e8`` and ``sold_e8`` are per symbol."""

    bought_e8: Counter[str] = field(default_factory=Counter)
    sold_e8: Counter[str] = field(default_factory=Counter)
    live: dict[str, Account] = field(default_factory=dict)
    _arrivals: int = 0

    def watch(self, events: list[Event]) -> None:
        """Take in the events of one command."""
        for event in events:
            if isinstance(event, OrderAccepted):
                assert event.order.order_id not in self.live, "the id of a live order was given again"
                self.live[event.order.order_id] = Account(event.order, self._next_arrival())
            elif isinstance(event, OrderAmended):
                self._amend(event.order)
            elif isinstance(event, TradeExecuted):
                self._trade(event)
            elif isinstance(event, OrderCanceled):
                account = self.live[event.order.order_id]
                account.canceled_e8 = event.quantity_e8
                self._settle(account, event.order)
        self._assert_nothing_crosses()

    def _amend(self, order: OrderState) -> None:
        account = self.live[order.order_id]
        if order.price_e8 != account.last.price_e8 or order.quantity_e8 > account.last.quantity_e8:
            account.arrival = self._next_arrival()
        self._settle(account, order)

    def _trade(self, trade: TradeExecuted) -> None:
        maker, taker = self.live[trade.maker.order_id], self.live[trade.taker.order_id]
        waiting = [
            account
            for account in self.live.values()
            if account.last.placed.symbol == trade.symbol and account.last.placed.side is not trade.taker_side
        ]
        first = min(waiting, key=Account.priority)
        assert first is maker, f"{trade.trade_id}: {maker.last.order_id} traded before {first.last.order_id}"
        assert trade.price_e8 == maker.last.price_e8, f"{trade.trade_id}: not at the maker's price"
        _assert_within_limit(taker.last, trade.price_e8)
        for account, order in ((maker, trade.maker), (taker, trade.taker)):
            account.traded_e8 += trade.quantity_e8
            account.traded_notional_e16 += trade.quantity_e8 * trade.price_e8
            self._settle(account, order)
        self.bought_e8[trade.symbol] += trade.buy.placed.side is Side.BUY and trade.quantity_e8
        self.sold_e8[trade.symbol] += trade.sell.placed.side is Side.SELL and trade.quantity_e8

    def _settle(self, account: Account, order: OrderState) -> None:
        assert order.quantity_e8 == order.filled_e8 + order.remaining_e8 + account.canceled_e8, order
        assert order.filled_e8 == account.traded_e8, order
        assert order.filled_notional_e16 == account.traded_notional_e16, order
        account.last = order
        if order.status not in (OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED):
            assert order.remaining_e8 == 0, order
            del self.live[order.order_id]

    def _assert_nothing_crosses(self) -> None:
        best: dict[tuple[str, Side], int] = {}
        for account in self.live.values():
            price_e8, key = account.last.price_e8, (account.last.placed.symbol, account.last.placed.side)
            assert price_e8 is not None, f"{account.last.order_id} rests without a price"
            better = max if key[1] is Side.BUY else min
            best[key] = better(price_e8, best.get(key, price_e8))
        for (symbol, side), bid_e8 in best.items():
            if side is Side.BUY and (symbol, Side.SELL) in best:
                assert bid_e8 < best[symbol, Side.SELL], f"{symbol} is crossed or locked"

    def _next_arrival(self) -> int:
        self._arrivals += 1
        return self._arrivals


def _assert_within_limit(order: OrderState, price_e8: int) -> None:
    if order.price_e8 is None:
        return
    within = price_e8 <= order.price_e8 if order.placed.side is Side.BUY else price_e8 >= order.price_e8
    assert within, f"{order.order_id} traded through its limit"
