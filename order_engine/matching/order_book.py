"""The limit order book of one instrument: price-time priority and the one crossing loop. See the rulebook, Priority."""

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import Side, TimeInForce
from order_engine.matching.events import OrderAmended, OrderCanceled, OrderStatus, TradeExecuted
from order_engine.matching.instrument import Instrument
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order
from order_engine.matching.outcome import Outcome
from order_engine.matching.price_level import PriceLevel
from order_engine.matching.reason import Reason


class OrderBook:
    """Bids and asks of one instrument. What happens is written to the command's ``Outcome``."""

    __slots__ = ("_live", "asks", "bids", "instrument", "last_trade_price_e8")

    def __init__(self, instrument: Instrument, live: LiveOrders) -> None:
        self.instrument = instrument
        self.bids = BookSide(Side.BUY)
        self.asks = BookSide(Side.SELL)
        self.last_trade_price_e8: int | None = None
        self._live = live

    def side_of(self, side: Side) -> BookSide:
        """Where orders of that side rest."""
        return self.bids if side is Side.BUY else self.asks

    def opposite_of(self, side: Side) -> BookSide:
        """Where orders of that side find their makers."""
        return self.asks if side is Side.BUY else self.bids

    def would_take(self, side: Side, price_ticks: int) -> bool:
        """Whether an order at that limit would trade on entry."""
        opposite = self.opposite_of(side)
        best = opposite.best()
        return best is not None and best.rank <= opposite.sign * price_ticks

    def place(self, order: Order, outcome: Outcome) -> None:
        """Match an accepted order; what is left rests, or is canceled if it may not."""
        time_in_force = order.placed.time_in_force
        if time_in_force is TimeInForce.FOK and not self._fills_whole(order):
            self._end(order, Reason.FOK_UNFILLED, outcome)
            return
        self._cross(order, outcome)
        if not order.remaining_lots:
            return
        if order.price_ticks is None:
            self._end(order, Reason.NO_LIQUIDITY, outcome)
        elif time_in_force is TimeInForce.IOC:
            self._end(order, Reason.IOC_REMAINDER, outcome)
        else:
            self.rest(order)

    def rest(self, order: Order) -> None:
        """Queue an order behind all others at its price."""
        self.side_of(order.side).add(order)
        self._live.add(order)

    def amend(self, order: Order, price_ticks: int, quantity_lots: int, outcome: Outcome) -> None:
        """Give a resting order new terms; less at the same price keeps its place, all else goes to the back."""
        if quantity_lots == 0:
            self.cancel(order, Reason.USER_REQUESTED, outcome)
        elif quantity_lots <= order.filled_lots:
            self.cancel(order, Reason.AMENDED_BELOW_FILLED, outcome)
        elif price_ticks == order.price_ticks and quantity_lots <= order.quantity_lots:
            self.side_of(order.side).reduce(order, order.quantity_lots - quantity_lots)
            order.resize(quantity_lots)
            outcome.events.append(OrderAmended(order.state()))
        else:
            self._requeue(order, price_ticks, quantity_lots, outcome)

    def cancel(self, order: Order, reason: Reason, outcome: Outcome) -> None:
        """Take a resting order off the book."""
        self.side_of(order.side).remove(order, order.remaining_lots)
        self._live.remove(order)
        self._end(order, reason, outcome)

    def _requeue(self, order: Order, price_ticks: int, quantity_lots: int, outcome: Outcome) -> None:
        side = self.side_of(order.side)
        side.remove(order, order.remaining_lots)
        order.price_ticks = price_ticks
        order.resize(quantity_lots)
        outcome.events.append(OrderAmended(order.state()))
        self._cross(order, outcome)
        if order.remaining_lots:
            side.add(order)
        else:
            self._live.remove(order)

    def _end(self, order: Order, reason: Reason, outcome: Outcome) -> None:
        canceled_lots = order.end(OrderStatus.CANCELED)
        outcome.events.append(OrderCanceled(order.state(reason), canceled_lots * self.instrument.lot_size_e8))

    def _fills_whole(self, order: Order) -> bool:
        opposite = self.opposite_of(order.side)
        limit_rank = None if order.price_ticks is None else opposite.sign * order.price_ticks
        return opposite.quantity_within(limit_rank, order.remaining_lots) >= order.remaining_lots

    def _cross(self, taker: Order, outcome: Outcome) -> None:
        opposite = self.opposite_of(taker.side)
        limit_rank = None if taker.price_ticks is None else opposite.sign * taker.price_ticks
        while taker.remaining_lots:
            level = opposite.best()
            if level is None or (limit_rank is not None and level.rank > limit_rank):
                break
            self._trade(taker, level, opposite, outcome)

    def _trade(self, taker: Order, level: PriceLevel, opposite: BookSide, outcome: Outcome) -> None:
        maker = level.head
        assert maker is not None
        lots = min(taker.remaining_lots, maker.remaining_lots)
        taker.fill(lots, level.price_ticks)
        maker.fill(lots, level.price_ticks)
        if maker.remaining_lots:
            opposite.reduce(maker, lots)
        else:
            opposite.remove(maker, lots)
            self._live.remove(maker)
        self.last_trade_price_e8 = price_e8 = level.price_ticks * self.instrument.tick_size_e8
        buy, sell = (taker, maker) if taker.side is Side.BUY else (maker, taker)
        outcome.events.append(
            TradeExecuted(
                outcome.next_trade_id(),
                self.instrument.symbol,
                price_e8,
                lots * self.instrument.lot_size_e8,
                taker.side,
                buy.state(),
                sell.state(),
            )
        )
