"""The naive book of one symbol: two sorted lists, a list of stops, and every rule written out.

Matching follows the rulebook step by step: nothing is indexed, summed or cached.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

from order_engine.matching.commands import OrderType, SelfTradePrevention, SessionState, Side, TimeInForce
from order_engine.matching.events import (
    Event,
    OrderCanceled,
    OrderDecremented,
    OrderExpired,
    OrderStatus,
    OrderTriggered,
    StateChanged,
    TradeExecuted,
)
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason
from tests.naive.naive_auction import find_auction_price
from tests.naive.naive_order import STOPS, NaiveOrder


@dataclass
class NaiveReport:
    """The events of one command, and the positions of all; ``met`` counts rare situations by name."""

    sequence: int = 0
    events: list[Event] = field(default_factory=list)
    positions_e8: dict[tuple[str, str], int] = field(default_factory=dict)
    arrivals: int = 0
    steps_max: int = 10**18
    prevented: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def trades(self) -> int:
        """Count the trades so far."""
        return sum(isinstance(event, TradeExecuted) for event in self.events)

    def steps_left(self) -> int:
        """Return how many trades, or self-trades prevented, may follow in this command."""
        return self.steps_max - self.trades() - self.prevented

    def meet(self, situation: str) -> None:
        """Count a situation that the streams must reach."""
        self.met[situation] += 1

    def next_arrival(self) -> int:
        """Return the place behind all others."""
        self.arrivals += 1
        return self.arrivals


@dataclass(eq=False)
class NaiveBook:
    """The resting orders of one symbol, each list in order of priority, and the stops in order of sequence."""

    instrument: Instrument
    report: NaiveReport
    default_mode: SelfTradePrevention
    state: SessionState = SessionState.OPEN
    last_price_e8: int | None = None
    breaker_reference_e8: int | None = None
    buys: list[NaiveOrder] = field(default_factory=list)
    sells: list[NaiveOrder] = field(default_factory=list)
    stops: list[NaiveOrder] = field(default_factory=list)
    queue: list[NaiveOrder] = field(default_factory=list)

    @property
    def is_settled(self) -> bool:
        """Whether it is closed for good."""
        return isinstance(self.instrument.settlement_price_e8, int)

    def live(self) -> list[NaiveOrder]:
        """Every order that rests or waits."""
        return self.buys + self.sells + self.stops

    def best_opposite(self, order: NaiveOrder) -> NaiveOrder | None:
        """The resting order that an order would meet first."""
        others = self.sells if order.buys else self.buys
        return others[0] if others else None

    def would_take(self, order: NaiveOrder) -> bool:
        """Whether an order at its limit crosses the best opposite price."""
        best = self.best_opposite(order)
        return best is not None and best.price_e8 is not None and order.accepts(best.price_e8)

    def in_band(self, price_e8: int) -> bool:
        """Whether a price is inside the band around the last price."""
        reference_e8 = self.instrument.reference_price_e8 if self.last_price_e8 is None else self.last_price_e8
        return _is_near(price_e8, reference_e8, self.instrument.price_band_percent_e8)

    # ---- where orders are

    def put(self, order: NaiveOrder) -> None:
        """Let an order rest, behind all others at its price."""
        order.arrival = self.report.next_arrival()
        order.show_new_slice()
        (self.buys if order.buys else self.sells).append(order)
        self.sort()

    def sort(self) -> None:
        """Sort all orders by priority again."""
        self.buys.sort(key=lambda order: order.priority)
        self.sells.sort(key=lambda order: order.priority)

    def take(self, order: NaiveOrder) -> None:
        """Remove an order from its list."""
        if order in self.queue:
            self.report.meet("a stop whose turn had not come is ended")
        for orders in (self.buys, self.sells, self.stops, self.queue):
            if order in orders:
                orders.remove(order)

    def cancel(self, order: NaiveOrder, reason: Reason) -> None:
        """End an order, in a list or not."""
        self.take(order)
        given_up_e8 = order.canceled_e8 = order.remaining_e8
        order.status = OrderStatus.CANCELED
        self.report.events.append(OrderCanceled(order.state(reason), given_up_e8))

    def expire(self, order: NaiveOrder) -> None:
        """End an order whose time is over."""
        self.report.meet(f"{order.placed.time_in_force} order expires in {self.state}")
        if order.waits:
            self.report.meet("stop expires")
        self.take(order)
        given_up_e8 = order.canceled_e8 = order.remaining_e8
        order.status = OrderStatus.EXPIRED
        self.report.events.append(OrderExpired(order.state(Reason.EXPIRED), given_up_e8))

    # ---- one matching step

    def enter(self, order: NaiveOrder) -> None:
        """Match an incoming order completely; let the rest of it rest, or end it."""
        if self.state is SessionState.PRE_OPEN:
            if self.would_take(order):
                self.report.meet("order crosses in PRE_OPEN")
            self.put(order)
            return
        in_band = replace(self).in_band  # The band stays around the last price from before this step.
        if order.placed.time_in_force is TimeInForce.FOK and not self._could_fill_whole(order):
            self.cancel(order, Reason.FOK_UNFILLED)
            return
        while order.remaining_e8:
            maker = self.best_opposite(order)
            if maker is None or maker.price_e8 is None or not order.accepts(maker.price_e8):
                break
            if order.price_e8 is None and not in_band(maker.price_e8):
                self.report.meet(f"band stops a market order that filled {bool(order.filled_e8)}")
                break
            if self.report.steps_left() <= 0:
                self.report.meet(f"the bound ends {'a stop' if order.placed.order_type in STOPS else 'an order'}")
                self.cancel(order, Reason.TRADE_LIMIT)
                return
            if self._are_one_users(order, maker):
                self._prevent_self_trade(order, maker)
            else:
                self._trade_with_maker(order, maker)
        if order.remaining_e8 == 0:
            return
        if order.price_e8 is None:
            self.cancel(order, Reason.PRICE_BAND if self.best_opposite(order) else Reason.NO_LIQUIDITY)
        elif order.placed.time_in_force is TimeInForce.IOC:
            self.cancel(order, Reason.IOC_REMAINDER)
        else:
            self.put(order)

    def _trade_with_maker(self, taker: NaiveOrder, maker: NaiveOrder) -> None:
        assert maker.price_e8 is not None
        quantity_e8 = min(taker.remaining_e8, maker.shown_e8)
        maker.shown_e8 -= quantity_e8
        self._trade(taker, maker, taker.placed.side, quantity_e8, maker.price_e8)
        if maker.remaining_e8 == 0:
            self.take(maker)
        elif maker.shown_e8 == 0:
            self.take(maker)
            self.put(maker)
            self._note_slices(maker)

    def _note_slices(self, iceberg: NaiveOrder) -> None:
        trades = [event for event in self.report.events if isinstance(event, TradeExecuted)]
        times = sum(iceberg.order_id in (event.buy.order_id, event.sell.order_id) for event in trades)
        self.report.meet("iceberg comes round again" if times > 1 else "iceberg shows its next slice")
        if (self.buys if iceberg.buys else self.sells)[0] is not iceberg:
            self.report.meet("iceberg goes behind others")

    def _trade(
        self, one: NaiveOrder, other: NaiveOrder, taker_side: Side | None, quantity_e8: int, price_e8: int
    ) -> None:
        report, symbol = self.report, self.instrument.symbol
        buy, sell = (one, other) if one.buys else (other, one)
        buy.trade(quantity_e8, price_e8)
        sell.trade(quantity_e8, price_e8)
        for order, change_e8 in ((buy, quantity_e8), (sell, -quantity_e8)):
            if order.placed.user_id is not None:
                key = (order.placed.user_id, symbol)
                report.positions_e8[key] = report.positions_e8.get(key, 0) + change_e8
        self.last_price_e8 = price_e8
        if self.breaker_reference_e8 is None:
            self.breaker_reference_e8 = price_e8
        trade_id = f"{report.sequence}-{report.trades() + 1}"
        report.events.append(
            TradeExecuted(trade_id, symbol, price_e8, quantity_e8, taker_side, buy.state(), sell.state())
        )

    # ---- self-trade prevention

    def _mode_of(self, order: NaiveOrder) -> SelfTradePrevention:
        for mode in (order.placed.self_trade_prevention, self.instrument.self_trade_prevention):
            if mode is not None:
                return mode
        return self.default_mode

    def _are_one_users(self, incoming: NaiveOrder, resting: NaiveOrder) -> bool:
        if self._mode_of(incoming) is SelfTradePrevention.NONE or incoming.placed.user_id is None:
            return False
        return incoming.placed.user_id == resting.placed.user_id

    def _prevent_self_trade(self, incoming: NaiveOrder, resting: NaiveOrder) -> None:
        self.report.prevented += 1
        mode = self._mode_of(incoming)
        if mode is SelfTradePrevention.CANCEL_NEWEST:
            self.cancel(incoming, Reason.SELF_TRADE)
        elif mode is SelfTradePrevention.CANCEL_OLDEST:
            self.cancel(resting, Reason.SELF_TRADE)
        elif mode is SelfTradePrevention.CANCEL_BOTH:
            self.cancel(resting, Reason.SELF_TRADE)
            self.cancel(incoming, Reason.SELF_TRADE)
        else:
            smaller_e8 = min(incoming.remaining_e8, resting.remaining_e8)
            resting.reduce(smaller_e8)
            incoming.quantity_e8 -= smaller_e8
            for order in (resting, incoming):
                self.report.events.append(OrderDecremented(order.state(), smaller_e8))
            self._note_decrement(resting, incoming)
            for order in (resting, incoming):
                if order.remaining_e8 == 0:
                    self.cancel(order, Reason.SELF_TRADE)

    def _note_decrement(self, resting: NaiveOrder, incoming: NaiveOrder) -> None:
        to_zero = [name for name, order in (("resting", resting), ("incoming", incoming)) if not order.remaining_e8]
        self.report.meet(f"decrement to zero of {' and '.join(to_zero)}")
        if resting.display_e8 is not None and resting.remaining_e8:
            self.report.meet("decrement of an iceberg")
        if resting.filled_e8 or incoming.filled_e8:
            self.report.meet("decrement after a fill")

    def _could_fill_whole(self, order: NaiveOrder) -> bool:
        """Match step by step on copies of the shown and hidden quantities."""
        others = self.sells if order.buys else self.buys
        queue = [(resting, resting.shown_e8, resting.hidden_e8) for resting in others]
        wanted_e8, steps = order.remaining_e8, self.report.steps_left()
        while queue and wanted_e8 > 0:
            resting, shown_e8, hidden_e8 = queue.pop(0)
            assert resting.price_e8 is not None
            if not order.accepts(resting.price_e8):
                return False
            if order.price_e8 is None and not self.in_band(resting.price_e8):
                self.report.meet("FOK meets the band")
                return False
            if steps <= 0:
                self.report.meet("FOK needs more steps than it may take")
                return False
            steps -= 1
            if self._are_one_users(order, resting):
                if self._mode_of(order) is SelfTradePrevention.CANCEL_OLDEST:
                    self.report.meet("FOK passes an own order")
                    continue
                self.report.meet("FOK meets an own order")
                return False
            wanted_e8 -= shown_e8
            if hidden_e8 > 0:
                assert resting.display_e8 is not None
                self.report.meet("FOK counts hidden quantity")
                slice_e8 = min(resting.display_e8, hidden_e8)
                behind = sum(other.price_e8 == resting.price_e8 for other, _, _ in queue)
                queue.insert(behind, (resting, slice_e8, hidden_e8 - slice_e8))
        return wanted_e8 <= 0

    # ---- after a matching step

    def look_at_triggers(self, trades_before: int) -> None:
        """After a matching step run the breaker, then the stops; each stop is a matching step again."""
        queue, activated = self.queue, 0
        while self.state is SessionState.OPEN and self.last_price_e8 is not None:
            if self.report.trades() > trades_before:
                self._let_stops_follow()
                if not _is_near(
                    self.last_price_e8, self.breaker_reference_e8, self.instrument.circuit_breaker_percent_e8
                ):
                    self.state = SessionState.HALTED
                    halted = StateChanged(self.instrument.symbol, SessionState.HALTED, Reason.CIRCUIT_BREAKER)
                    self.report.events.append(halted)
                    self.report.meet(f"breaker halts with triggered stops waiting: {bool(queue)}")
                    queue.clear()
                    return
            newly = [stop for stop in self.stops if stop.triggers_at(self.last_price_e8) and stop not in queue]
            self._note_triggers(newly, queue, activated)
            queue += newly
            if not queue:
                return
            if self.report.steps_left() <= 0:
                self.report.meet("stops wait beyond the bound for their turn")
                return
            trades_before = self.report.trades()
            activated += 1
            self._activate(queue.pop(0))

    def _let_stops_follow(self) -> None:
        for stop in self.stops:
            before_e8 = stop.stop_e8
            stop.follow(self.last_price_e8)
            if stop.stop_e8 != before_e8:
                self.report.meet("trailing stop follows" if before_e8 else "trailing stop gets its first stop price")
            elif stop.trail_e8 is not None and stop.best_e8 != self.last_price_e8:
                self.report.meet("trailing stop stays")

    def _note_triggers(self, newly: list[NaiveOrder], queue: list[NaiveOrder], activated: int) -> None:
        if len(newly) > 1:
            self.report.meet("several stops trigger together")
        if newly and activated:
            self.report.meet("a triggered order triggers another")
        if newly and queue:
            self.report.meet("stops join the end of the queue")
            if newly[0].sequence < queue[-1].sequence:
                self.report.meet("an older stop joins behind a younger one")
        if any(stop.sequence == self.report.sequence for stop in newly):
            self.report.meet("stop triggers on entry")
        if any(stop not in newly and not stop.triggers_at(self.last_price_e8 or 0) for stop in queue):
            self.report.meet("price leaves a stop that triggered")

    def _activate(self, stop: NaiveOrder) -> None:
        self.stops.remove(stop)
        stop.status, stop.stop_e8, stop.trail_e8 = OrderStatus.OPEN, None, None
        self.report.events.append(OrderTriggered(stop.state()))
        if stop.placed.order_type is OrderType.STOP_LIMIT:
            assert stop.price_e8 is not None
            if not self.in_band(stop.price_e8):
                self.cancel(stop, Reason.PRICE_OUT_OF_BAND)
                return
        self.enter(stop)

    # ---- the session

    def enter_state(self, state: SessionState) -> None:
        """Enter a session state."""
        before, self.state = self.state, state
        if before is not state:
            self.report.meet(f"{before} to {state}")
        self.report.events.append(StateChanged(self.instrument.symbol, state))
        if state is not SessionState.OPEN and self.queue:
            self.report.meet("a session leaves OPEN before the turn of stops")
            self.queue.clear()
        if state is SessionState.OPEN and before is not SessionState.OPEN:
            self.breaker_reference_e8 = None
            trades_before = self.report.trades()
            self._hold_auction()
            self.look_at_triggers(trades_before)

    def _hold_auction(self) -> None:
        found = find_auction_price(self.buys, self.sells, self.last_price_e8)
        if found is None:
            return
        self.report.meet(f"auction decided by {found.decided_by}")
        price_e8 = found.price_e8
        while self.buys and self.sells:
            buy, sell = self.buys[0], self.sells[0]
            if not (buy.accepts(price_e8) and sell.accepts(price_e8)):
                break
            self._trade(buy, sell, None, min(buy.remaining_e8, sell.remaining_e8), price_e8)
            for order in (buy, sell):
                order.show_new_slice()
                if order.remaining_e8 == 0:
                    self.take(order)
                elif order.display_e8 is not None:
                    self.report.meet("iceberg trades in part in an auction")


def _is_near(price_e8: int, reference_e8: int | None, percent_e8: int) -> bool:
    """Whether a price is at most this many percent from a reference; without one of them every price is."""
    if reference_e8 is None or percent_e8 == 0:
        return True
    hundred_percent_e8 = 100 * 10**8
    return abs(price_e8 - reference_e8) * hundred_percent_e8 <= percent_e8 * reference_e8
