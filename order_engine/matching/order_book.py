"""The limit order book of one instrument: price-time priority and the one crossing loop. See the rulebook, Priority."""

from collections import defaultdict

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import SelfTradePrevention, SessionState, Side, TimeInForce
from order_engine.matching.events import (
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderExpired,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.fill_or_kill import LOOKS_MAX, fills_at_a_glance
from order_engine.matching.guard import Guard
from order_engine.matching.instrument import Instrument
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order
from order_engine.matching.outcome import Outcome
from order_engine.matching.price_band import PriceBand, band_around
from order_engine.matching.reason import Reason
from order_engine.matching.summed_side import SummedSide
from order_engine.matching.trailing_stops import SharedBest
from order_engine.matching.trigger_book import TriggerBook

# Members by a name of their own: as an attribute of its enumeration each costs several times as much.
_BUY = Side.BUY
_SELL = Side.SELL
_FOK = TimeInForce.FOK
_IOC = TimeInForce.IOC
_PENDING = OrderStatus.PENDING
_CANCELED = OrderStatus.CANCELED
_PRE_OPEN = SessionState.PRE_OPEN
_OPEN = SessionState.OPEN
_NO_PREVENTION = SelfTradePrevention.NONE
_FOK_UNFILLED = Reason.FOK_UNFILLED
_IOC_REMAINDER = Reason.IOC_REMAINDER
_NO_LIQUIDITY = Reason.NO_LIQUIDITY


class OrderBook:
    """Bids, asks and waiting stops of one instrument. What happens is written to the command's ``Outcome``.

    A position is what a user bought here minus what the user sold; orders without a user change none.
    ``is_limited``: its terms bound prices or quantities. ``call_changes`` counts what may have changed the auction that
    a call will end in.

    The caller indexes an order once it rests or waits; the book removes it from the index when it ends.
    """

    __slots__ = (
        "_live",
        "_sums",
        "asks",
        "bids",
        "breaker_reference_e8",
        "call_changes",
        "instrument",
        "is_guarded",
        "is_limited",
        "last_trade_price_e8",
        "positions_e8",
        "self_trade_prevention",
        "state",
        "stops",
        "users_with_sums",
    )

    def __init__(self, instrument: Instrument, live: LiveOrders) -> None:
        self.give_terms(instrument, _NO_PREVENTION)
        self.state = _OPEN
        self.bids = BookSide(_BUY)
        self.asks = BookSide(_SELL)
        self.stops = TriggerBook()
        self.call_changes = 0
        self.last_trade_price_e8: int | None = None
        self.breaker_reference_e8: int | None = None
        self.positions_e8: defaultdict[str, int] = defaultdict(int)
        self._live = live
        self._sums = live.sums
        self.users_with_sums = live.sums.users

    def give_terms(self, instrument: Instrument, default_mode: SelfTradePrevention) -> None:
        """Use these terms from now on; the default mode applies if the instrument has none."""
        self.instrument = instrument
        self.self_trade_prevention = instrument.self_trade_prevention or default_mode
        self.is_limited = instrument.price_band_percent_e8 > 0 or instrument.has_limits
        self.is_guarded = self.self_trade_prevention is not _NO_PREVENTION or instrument.price_band_percent_e8 > 0

    @property
    def band(self) -> PriceBand | None:
        """The prices allowed now; None if all are."""
        last = self.last_trade_price_e8
        reference = self.instrument.reference_price_e8 if last is None else last
        return band_around(reference, self.instrument.price_band_percent_e8)

    @property
    def has_orders(self) -> bool:
        """Whether any order rests or waits here."""
        return bool(self.bids.levels or self.asks.levels or self.stops.orders)

    def position_e8(self, user_id: str | None) -> int:
        """Return a user's position, without adding an entry."""
        return 0 if user_id is None else self.positions_e8.get(user_id, 0)

    def side_of(self, side: Side) -> BookSide:
        """Return the side on which these orders rest."""
        return self.bids if side is _BUY else self.asks

    def opposite_of(self, side: Side) -> BookSide:
        """Return the side on which these orders find their makers."""
        return self.asks if side is _BUY else self.bids

    def would_take(self, side: Side, price_ticks: int) -> bool:
        """Whether an order at that limit would trade on entry."""
        opposite = self.opposite_of(side)
        best = opposite.best()
        return best is not None and best.rank <= opposite.sign * price_ticks

    def enter(self, order: Order, outcome: Outcome) -> None:
        """Match an incoming order if the session does; what is left rests, or is canceled if it may not."""
        own, opposite = (self.bids, self.asks) if order.side is _BUY else (self.asks, self.bids)
        if self.state is _PRE_OPEN:
            self.call_changes += 1
        else:
            price_ticks, placed = order.price_ticks, order.placed
            limit_rank = None if price_ticks is None else opposite.sign * price_ticks
            is_guarded = self.is_guarded or placed.self_trade_prevention is not None
            guard = self._guard_of(order) if is_guarded else None
            time_in_force = placed.time_in_force
            if time_in_force is _FOK:
                if not self._can_fill(order, limit_rank, guard, outcome.steps_left):
                    self.end(order, _FOK_UNFILLED, outcome)
                    return
                opposite = self.opposite_of(order.side)
            best = opposite.best()
            # Most limit orders reach nobody.
            if best is not None and (limit_rank is None or best.rank <= limit_rank):
                is_cut = self._cross(order, opposite, limit_rank, guard, outcome)
                if not order.remaining_lots:
                    return
                if is_cut:
                    self.end(order, Reason.TRADE_LIMIT, outcome)
                    return
            if price_ticks is None:
                reason = _NO_LIQUIDITY if opposite.best() is None else Reason.PRICE_BAND
                self.end(order, reason, outcome)
                return
            if time_in_force is _IOC:
                self.end(order, _IOC_REMAINDER, outcome)
                return
        if order.display_lots is not None:
            order.show_slice()
        own.add(order)

    def wait(self, order: Order) -> None:
        """Let a stop wait for its trigger; a trailing one starts from the last price."""
        assert order.stop is not None
        if order.stop.trail_amount_e8 is not None:
            order.stop.best = SharedBest(self.last_trade_price_e8)
        self.stops.add(order)

    def take_out(self, order: Order) -> None:
        """Remove an order from where it rests or waits, unchanged."""
        self.call_changes += 1
        if order.status is _PENDING:
            self.stops.remove(order)
        else:
            side = self.bids if order.side is _BUY else self.asks
            side.remove(order)
        self._live.remove(order)

    def cancel(self, order: Order, reason: Reason, outcome: Outcome) -> None:
        """Cancel an order that rests or waits."""
        self.take_out(order)
        self.end(order, reason, outcome)

    def expire(self, order: Order, outcome: Outcome) -> None:
        """End an order whose time is over."""
        self.take_out(order)
        expired_lots = order.end(OrderStatus.EXPIRED)
        expired = OrderExpired(order.state(Reason.EXPIRED), expired_lots * self.instrument.lot_size_e8)
        outcome.events.append(expired)

    def resize(self, order: Order, quantity_lots: int, display_lots: int | None, outcome: Outcome) -> None:
        """Shrink a resting order, or change what it shows; it keeps its place in the queue."""
        side = self.side_of(order.side)
        self.call_changes += 1
        side.discount(order)
        order.decrement(order.quantity_lots - quantity_lots)
        if display_lots != order.display_lots:
            order.display_lots = display_lots
            order.show_slice()
        side.count(order)
        if self.users_with_sums:
            self.note(order)
        outcome.events.append(OrderAmended(order.state()))

    def trade(
        self, buy: Order, sell: Order, taker_side: Side | None, price_ticks: int, lots: int, outcome: Outcome
    ) -> None:
        """Record a trade between orders that were filled; without a taker, in an auction."""
        instrument = self.instrument
        symbol, quantity_e8 = instrument.symbol, lots * instrument.lot_size_e8
        self.last_trade_price_e8 = price_e8 = price_ticks * instrument.tick_size_e8
        if self.breaker_reference_e8 is None:
            self.breaker_reference_e8 = price_e8
        buyer, seller = buy.placed.user_id, sell.placed.user_id
        if buyer is not None:
            self.positions_e8[buyer] += quantity_e8
        if seller is not None:
            self.positions_e8[seller] -= quantity_e8
        if self.users_with_sums:
            self._sums.note(buy)
            self._sums.note(sell)
        outcome.trade_count += 1
        trade_id = f"{outcome.sequence}-{outcome.trade_count}"
        outcome.events.append(
            TradeExecuted(trade_id, symbol, price_e8, quantity_e8, taker_side, buy.state(), sell.state())
        )

    def note(self, order: Order) -> None:
        """Take note that a live order was made larger or smaller; needed only if there are ``users_with_sums``."""
        self._sums.note(order)

    def forget(self, order: Order) -> None:
        """Remove an order of which nothing is left from the index; its side has removed it already."""
        self._live.remove(order)

    def end(self, order: Order, reason: Reason, outcome: Outcome) -> None:
        """Cancel what is left of an order that neither rests nor waits."""
        canceled_lots = order.end(_CANCELED)
        outcome.events.append(OrderCanceled(order.state(reason), canceled_lots * self.instrument.lot_size_e8))

    def _guard_of(self, order: Order) -> Guard | None:
        placed = order.placed
        mode = placed.self_trade_prevention or self.self_trade_prevention
        own_user = None if mode is _NO_PREVENTION or not self._live.has_orders_of(placed.user_id) else placed.user_id
        band = self.band if order.price_ticks is None else None
        if own_user is None and band is None:
            return None
        return Guard(own_user, mode, band, self.instrument.tick_size_e8)

    def _can_fill(self, order: Order, limit_rank: int | None, guard: Guard | None, steps: int) -> bool:
        side, lots = self.opposite_of(order.side), order.remaining_lots
        if not isinstance(side, SummedSide):
            fills = fills_at_a_glance(side, limit_rank, guard, lots, steps, LOOKS_MAX)
            if fills is not None:
                return fills
            side = SummedSide(side)
            if order.side is _BUY:
                self.asks = side
            else:
                self.bids = side
        own = () if guard is None or guard.own_user is None else self._live.newest_first(guard.own_user)
        return side.can_fill(limit_rank, guard, own, lots, steps)

    def _cross(
        self, taker: Order, opposite: BookSide, limit_rank: int | None, guard: Guard | None, outcome: Outcome
    ) -> bool:
        """Match an order with all that it reaches; return whether the bound ended it."""
        while taker.remaining_lots:
            level = opposite.best()
            if level is None or (limit_rank is not None and level.rank > limit_rank):
                break
            maker, price_ticks = level.head, level.price_ticks
            assert maker is not None
            if guard is not None and guard.stops_at(level):
                break
            if outcome.trade_count >= outcome.trades_max:
                return True
            if guard is not None and guard.owns(maker):
                outcome.trades_max -= 1
                self._prevent_self_trade(taker, maker, guard.mode, outcome)
                continue
            lots = maker.remaining_lots - maker.hidden_lots
            if lots > taker.remaining_lots:
                lots = taker.remaining_lots
            taker.fill(lots, price_ticks)
            opposite.fill_maker(maker, lots, price_ticks)
            if not maker.remaining_lots:
                self._live.remove(maker)
            buy, sell = (taker, maker) if taker.side is _BUY else (maker, taker)
            self.trade(buy, sell, taker.side, price_ticks, lots, outcome)
        return False

    def _prevent_self_trade(self, taker: Order, maker: Order, mode: SelfTradePrevention, outcome: Outcome) -> None:
        if mode is SelfTradePrevention.DECREMENT:
            self._decrement_both(taker, maker, outcome)
            return
        if mode is not SelfTradePrevention.CANCEL_NEWEST:
            self.cancel(maker, Reason.SELF_TRADE, outcome)
        if mode is not SelfTradePrevention.CANCEL_OLDEST:
            self.end(taker, Reason.SELF_TRADE, outcome)

    def _decrement_both(self, taker: Order, maker: Order, outcome: Outcome) -> None:
        lots, side = min(taker.remaining_lots, maker.remaining_lots), self.side_of(maker.side)
        side.discount(maker)
        maker.decrement(lots)
        side.count(maker)
        taker.decrement(lots)
        for order in (maker, taker):
            self.note(order)
            outcome.events.append(OrderDecremented(order.state(), lots * self.instrument.lot_size_e8))
        if not maker.remaining_lots:
            self.cancel(maker, Reason.SELF_TRADE, outcome)
        if not taker.remaining_lots:
            self.end(taker, Reason.SELF_TRADE, outcome)
