"""A ledger made from the events alone: it keeps totals and knows which order must trade next.

It shares no code and no state with the engine or the naive exchange, and raises ``AssertionError`` at the first event
that breaks a promise of the rulebook's "Always true".
"""

from collections import Counter
from dataclasses import dataclass, field

from order_engine.matching.commands import SessionState, Side
from order_engine.matching.events import (
    Event,
    InstrumentDelisted,
    InstrumentSettled,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderExpired,
    OrderState,
    OrderStatus,
    OrderTriggered,
    StateChanged,
    TradeExecuted,
)

LIVE = (OrderStatus.PENDING, OrderStatus.OPEN, OrderStatus.PARTIALLY_FILLED)


@dataclass
class Account:
    """One order according to the events so far; ``shown_e8`` is None while it shows all that it may."""

    last: OrderState
    arrival: int
    shown_e8: int | None = None
    traded_e8: int = 0
    traded_notional_e16: int = 0
    ended_e8: int = 0

    def priority(self) -> tuple[int, int]:
        """The sort key: the order that must trade first comes first."""
        assert self.last.price_e8 is not None
        return (-self.last.price_e8 if self.last.placed.side is Side.BUY else self.last.price_e8, self.arrival)

    def slice_e8(self) -> int:
        """Return how much of it can trade before the next order at its price."""
        whole_e8, display_e8 = self.last.remaining_e8, self.last.display_quantity_e8
        if self.shown_e8 is not None:
            return self.shown_e8
        return whole_e8 if display_e8 is None else min(whole_e8, display_e8)

    def shrink(self, by_e8: int) -> None:
        """Reduce it by a quantity, hidden lots first."""
        shown_e8 = self.slice_e8()
        self.shown_e8 = min(shown_e8, self.last.remaining_e8 - by_e8)


@dataclass
class Ledger:
    """Follows events, one command's at a time; ``bought_e8`` and ``sold_e8`` are per symbol."""

    bought_e8: Counter[str] = field(default_factory=Counter)
    sold_e8: Counter[str] = field(default_factory=Counter)
    positions_e8: Counter[tuple[str, str]] = field(default_factory=Counter)
    live: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, SessionState] = field(default_factory=dict)
    _arrivals: int = 0

    def watch(self, events: list[Event]) -> None:
        """Add the events of one command."""
        auction_prices = set()
        for event in events:
            if isinstance(event, OrderAccepted):
                assert event.order.order_id not in self.live, "the id of a live order was given again"
                self.live[event.order.order_id] = Account(event.order, self._next_arrival())
            elif isinstance(event, OrderAmended):
                self._amend(event.order)
            elif isinstance(event, TradeExecuted):
                self._trade(event)
                auction_prices |= {event.price_e8} if event.taker_side is None else set()
            elif isinstance(event, OrderTriggered):
                account = self.live[event.order.order_id]
                account.arrival = self._next_arrival()
                self._settle(account, event.order)
            elif isinstance(event, OrderDecremented):
                account = self.live[event.order.order_id]
                account.shrink(event.quantity_e8)
                self._settle(account, event.order)
            elif isinstance(event, OrderCanceled | OrderExpired):
                account = self.live[event.order.order_id]
                account.ended_e8 = event.quantity_e8
                self._settle(account, event.order)
            elif isinstance(event, InstrumentSettled):
                for user_id, symbol in self.positions_e8:
                    self.positions_e8[user_id, symbol] *= symbol != event.instrument.symbol
            elif isinstance(event, InstrumentDelisted):
                assert not self.bought_e8[event.symbol], "an instrument that traded was delisted"
                self.sessions.pop(event.symbol, None)
            elif isinstance(event, StateChanged):
                self.sessions[event.symbol] = event.state
        assert len(auction_prices) <= 1, "an auction at more than one price"
        self._assert_nothing_crosses()

    def _amend(self, order: OrderState) -> None:
        account = self.live[order.order_id]
        before = account.last
        if order.price_e8 != before.price_e8 or order.quantity_e8 > before.quantity_e8:
            account.arrival, account.shown_e8 = self._next_arrival(), None
        else:
            account.shrink(before.quantity_e8 - order.quantity_e8)
            if order.display_quantity_e8 != before.display_quantity_e8:
                account.shown_e8 = None
        self._settle(account, order)

    def _trade(self, trade: TradeExecuted) -> None:
        buyer, seller = self.live[trade.buy.order_id], self.live[trade.sell.order_id]
        if trade.taker_side is None:
            self._assert_first(buyer, trade)
            self._assert_first(seller, trade)
            buyer.shown_e8 = seller.shown_e8 = None
            assert SessionState.OPEN is self.sessions[trade.symbol]
        else:
            maker = seller if trade.taker_side is Side.BUY else buyer
            assert self.sessions.get(trade.symbol, SessionState.OPEN) is SessionState.OPEN
            assert trade.price_e8 == maker.last.price_e8, f"{trade.trade_id}: not at the maker's price"
            self._assert_first(maker, trade)
            self._use_slice(maker, trade.quantity_e8)
        for account, order in ((buyer, trade.buy), (seller, trade.sell)):
            _assert_within_limit(account.last, trade.price_e8)
            account.traded_e8 += trade.quantity_e8
            account.traded_notional_e16 += trade.quantity_e8 * trade.price_e8
            if order.placed.user_id is not None:
                bought_e8 = trade.quantity_e8 if order.placed.side is Side.BUY else -trade.quantity_e8
                self.positions_e8[order.placed.user_id, trade.symbol] += bought_e8
            self._settle(account, order)
        self.bought_e8[trade.symbol] += trade.buy.placed.side is Side.BUY and trade.quantity_e8
        self.sold_e8[trade.symbol] += trade.sell.placed.side is Side.SELL and trade.quantity_e8

    def _assert_first(self, trader: Account, trade: TradeExecuted) -> None:
        side = trader.last.placed.side
        queue = [
            account
            for account in self.live.values()
            if account.last.placed.symbol == trade.symbol
            and account.last.placed.side is side
            and account.last.status is not OrderStatus.PENDING
        ]
        first = min(queue, key=Account.priority)
        assert first is trader, f"{trade.trade_id}: {trader.last.order_id} traded before {first.last.order_id}"

    def _use_slice(self, maker: Account, quantity_e8: int) -> None:
        left_e8 = maker.slice_e8() - quantity_e8
        assert left_e8 >= 0, f"{maker.last.order_id} traded more than it showed"
        if left_e8:
            maker.shown_e8 = left_e8
        else:
            maker.shown_e8, maker.arrival = None, self._next_arrival()

    def _settle(self, account: Account, order: OrderState) -> None:
        assert order.quantity_e8 == order.filled_e8 + order.remaining_e8 + account.ended_e8, order
        assert order.filled_e8 == account.traded_e8, order
        assert order.filled_notional_e16 == account.traded_notional_e16, order
        account.last = order
        if order.status not in LIVE:
            assert order.remaining_e8 == 0, order
            del self.live[order.order_id]

    def _assert_nothing_crosses(self) -> None:
        bids: dict[str, int] = {}
        asks: dict[str, int] = {}
        for account in self.live.values():
            order, symbol = account.last, account.last.placed.symbol
            assert order.remaining_e8 > 0, f"{order.order_id} lives on nothing"
            if order.status is OrderStatus.PENDING:
                continue
            price_e8 = order.price_e8
            assert price_e8 is not None, f"{order.order_id} rests without a price"
            if order.placed.side is Side.BUY:
                bids[symbol] = max(price_e8, bids.get(symbol, price_e8))
            else:
                asks[symbol] = min(price_e8, asks.get(symbol, price_e8))
        for symbol in bids.keys() & asks.keys():
            is_open = self.sessions.get(symbol, SessionState.OPEN) is SessionState.OPEN
            assert not is_open or bids[symbol] < asks[symbol], f"{symbol} is crossed or locked"

    def _next_arrival(self) -> int:
        self._arrivals += 1
        return self._arrivals


def _assert_within_limit(order: OrderState, price_e8: int) -> None:
    if order.price_e8 is None:
        return
    within = price_e8 <= order.price_e8 if order.placed.side is Side.BUY else price_e8 >= order.price_e8
    assert within, f"{order.order_id} traded through its limit"
