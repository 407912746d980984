"""Builders for commands and what they become: they hide what a test does not speak of. Amounts are decimal strings."""

from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    OrderType,
    PlaceOrder,
    SelfTradePrevention,
    SessionState,
    SetInstrument,
    SetRiskLimits,
    SetState,
    Side,
    TimeInForce,
)
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import (
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderDecremented,
    OrderExpired,
    OrderRejected,
    OrderState,
    OrderStatus,
    OrderTriggered,
    StateChanged,
    TradeExecuted,
)
from order_engine.matching.order import STOP_TYPES
from order_engine.matching.order_book import OrderBook
from order_engine.matching.reason import Reason
from order_engine.wire.units import format_price, format_quantity, parse_amount
from tests.invariants import check_engine

SYMBOL = "AAPL"
Term = Any  # Any: a decimal string, a flag, a time or a name, as the term wants it


def buy(**terms: Term) -> PlaceOrder:
    """Build a BUY order: 10 at 100.00, GTC, without an owner, unless told otherwise.

    Without a price it is a MARKET order; ``stop`` makes a STOP order, with a price a STOP_LIMIT one; ``trail`` makes a
    TRAILING_STOP order. ``display`` is what an iceberg shows, ``expire_at`` a sequence, ``prevention`` the mode of
    self-trade prevention.
    """
    return _order(Side.BUY, terms)


def sell(**terms: Term) -> PlaceOrder:
    """Build a SELL order as ``buy`` does."""
    return _order(Side.SELL, terms)


def amend(
    order_id: str | None = None,
    *,
    price: str | None = None,
    quantity: str | None = None,
    display: str | None = None,
    stop: str | None = None,
    trail: str | None = None,
    **names: str,
) -> AmendOrder:
    """Build an amend; ``names`` may be a symbol, a user_id and a client_order_id."""
    return AmendOrder(
        order_id=order_id,
        price_e8=amount(price),
        quantity_e8=amount(quantity),
        display_quantity_e8=amount(display),
        stop_price_e8=amount(stop),
        trail_amount_e8=amount(trail),
        **names,
    )


def cancel(order_id: str | None = None, **names: str) -> CancelOrder:
    """Build a cancel; ``names`` as in ``amend``."""
    return CancelOrder(order_id=order_id, **names)


def cancel_all(user_id: str, *, symbol: str | None = None, side: Side | None = None) -> CancelAll:
    """Build a mass cancel."""
    return CancelAll(user_id=user_id, symbol=symbol, side=side)


def instrument(
    symbol: str = SYMBOL,
    *,
    tick: str | None = None,
    lot: str | None = None,
    band: str | None = None,
    breaker: str | None = None,
    reference: str | None = None,
    prevention: str | None = None,
) -> SetInstrument:
    """Build the listing, or the change, of an instrument; ``band`` and ``breaker`` are percentages."""
    return SetInstrument(
        symbol=symbol,
        tick_size_e8=amount(tick),
        lot_size_e8=amount(lot),
        price_band_percent_e8=amount(band),
        circuit_breaker_percent_e8=amount(breaker),
        reference_price_e8=amount(reference),
        self_trade_prevention=None if prevention is None else SelfTradePrevention(prevention),
    )


def session(state: str, symbol: str = SYMBOL) -> SetState:
    """Build the command that lets a session enter a state."""
    return SetState(symbol=symbol, state=SessionState(state))


def limits(
    user_id: str = "ann",
    *,
    quantity: str | None = None,
    notional: str | None = None,
    orders: int | None = None,
    position: str | None = None,
) -> SetRiskLimits:
    """Build the risk limits of a user."""
    return SetRiskLimits(
        user_id=user_id,
        max_order_quantity_e8=amount(quantity),
        max_order_notional_e8=amount(notional),
        max_open_orders=orders,
        max_position_e8=amount(position),
    )


def amount(written: str | None) -> int | None:
    """Read a decimal, if there is one."""
    return None if written is None else parse_amount(written)


def _order(side: Side, terms: dict[str, Term]) -> PlaceOrder:
    stop, trail = terms.pop("stop", None), terms.pop("trail", None)
    price = terms.pop("price", "100.00" if stop is None and trail is None else None)
    if trail is not None:
        order_type = OrderType.TRAILING_STOP
    elif stop is not None:
        order_type = OrderType.STOP if price is None else OrderType.STOP_LIMIT
    else:
        order_type = OrderType.MARKET if price is None else OrderType.LIMIT
    expire_at, prevention = terms.pop("expire_at", None), terms.pop("prevention", None)
    return PlaceOrder(
        side=side,
        symbol=str(terms.pop("symbol", SYMBOL)),
        quantity_e8=parse_amount(terms.pop("quantity", "10")),
        price_e8=amount(price),
        stop_price_e8=amount(stop),
        trail_amount_e8=amount(trail),
        display_quantity_e8=amount(terms.pop("display", None)),
        expire_at_ns=expire_at,
        self_trade_prevention=None if prevention is None else SelfTradePrevention(prevention),
        order_type=order_type,
        time_in_force=TimeInForce(terms.pop("time_in_force", "GTC" if expire_at is None else "GTD")),
        **terms,
    )


def standing(
    placed: PlaceOrder,
    sequence: int,
    *,
    fills: str = "",
    price: str | None = None,
    quantity: str | None = None,
    display: str | None = None,
    stop: str | None = None,
    trail: str | None = None,
    triggered: bool = False,
    ended: str | None = None,
    reason: Reason | None = None,
    status: OrderStatus | None = None,
) -> OrderState:
    """Build the state of an order placed at ``sequence``.

    ``fills`` are written ``4@100.00 6@100.50``; ``price``, ``quantity`` and so on are the amended ones; ``ended`` is
    what was given up; a stop waits until it is ``triggered``; the rest follows.
    """
    filled_e8, notional_e16 = _total(fills)
    quantity_e8 = placed.quantity_e8 if quantity is None else parse_amount(quantity)
    remaining_e8 = quantity_e8 - filled_e8 - parse_amount(ended or "0")
    waits = placed.order_type in STOP_TYPES and not triggered
    return OrderState(
        order_id=placed.order_id or str(sequence),
        placed=placed,
        sequence=sequence,
        timestamp_ns=sequence,
        price_e8=placed.price_e8 if price is None else parse_amount(price),
        quantity_e8=quantity_e8,
        filled_e8=filled_e8,
        remaining_e8=remaining_e8,
        filled_notional_e16=notional_e16,
        status=status or _status(waits, ended is not None, filled_e8, remaining_e8),
        reason=reason,
        display_quantity_e8=placed.display_quantity_e8 if display is None else parse_amount(display),
        stop_price_e8=None if triggered else placed.stop_price_e8 if stop is None else parse_amount(stop),
        trail_amount_e8=None if triggered else placed.trail_amount_e8 if trail is None else parse_amount(trail),
    )


def _status(waits: bool, has_ended: bool, filled_e8: int, remaining_e8: int) -> OrderStatus:
    if has_ended:
        return OrderStatus.CANCELED
    if waits:
        return OrderStatus.PENDING
    if not remaining_e8:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if filled_e8 else OrderStatus.OPEN


def _total(fills: str) -> tuple[int, int]:
    quantity_e8 = notional_e16 = 0
    for fill in fills.split():
        quantity, price = fill.split("@")
        quantity_e8 += parse_amount(quantity)
        notional_e16 += parse_amount(quantity) * parse_amount(price)
    return quantity_e8, notional_e16


def accepted(placed: PlaceOrder, sequence: int, **terms: str) -> OrderAccepted:
    """Build the event that lets an order in; ``terms`` as in ``standing``."""
    return OrderAccepted(standing(placed, sequence, **terms))


def amended(placed: PlaceOrder, sequence: int, **terms: Any) -> OrderAmended:
    """Build the event of an order's new terms; ``terms`` as in ``standing``."""
    return OrderAmended(standing(placed, sequence, **terms))


def rejected(placed: PlaceOrder, sequence: int, reason: Reason) -> OrderRejected:
    """Build the event that keeps an order out."""
    state = structs.replace(standing(placed, sequence), remaining_e8=0, status=OrderStatus.REJECTED, reason=reason)
    return OrderRejected(state)


def triggered(placed: PlaceOrder, sequence: int, **terms: str) -> OrderTriggered:
    """Build the event of a stop becoming an order to be matched."""
    return OrderTriggered(standing(placed, sequence, triggered=True, **terms))


def decremented(placed: PlaceOrder, sequence: int, by: str, **terms: Any) -> OrderDecremented:
    """Build the event of an order reduced rather than traded with its own user's."""
    return OrderDecremented(standing(placed, sequence, **terms), parse_amount(by))


def canceled(placed: PlaceOrder, sequence: int, left: str, reason: Reason, **terms: Any) -> OrderCanceled:
    """Build the event that ends an order of which so much was ``left``; ``terms`` as in ``standing``."""
    return OrderCanceled(standing(placed, sequence, ended=left, reason=reason, **terms), parse_amount(left))


def expired(placed: PlaceOrder, sequence: int, left: str, **terms: Any) -> OrderExpired:
    """Build the event that ends an order whose time is over; ``terms`` as in ``standing``."""
    state = standing(placed, sequence, ended=left, reason=Reason.EXPIRED, status=OrderStatus.EXPIRED, **terms)
    return OrderExpired(state, parse_amount(left))


def auction_trade(trade_id: str, terms: str, *, buyer: OrderState, seller: OrderState) -> TradeExecuted:
    """Build a trade of an auction; ``terms`` are written ``4@100.00``."""
    quantity, price = terms.split("@")
    return TradeExecuted(
        trade_id=trade_id,
        symbol=buyer.placed.symbol,
        price_e8=parse_amount(price),
        quantity_e8=parse_amount(quantity),
        taker_side=None,
        buy=buyer,
        sell=seller,
    )


def entered(state: str, *, reason: Reason | None = None) -> StateChanged:
    """Build the event of a session that entered a state."""
    return StateChanged(SYMBOL, SessionState(state), reason)


def trade(trade_id: str, terms: str, *, maker: OrderState, taker: OrderState) -> TradeExecuted:
    """Build a trade; ``terms`` are written ``4@100.00``."""
    quantity, price = terms.split("@")
    taker_buys = taker.placed.side is Side.BUY
    return TradeExecuted(
        trade_id=trade_id,
        symbol=taker.placed.symbol,
        price_e8=parse_amount(price),
        quantity_e8=parse_amount(quantity),
        taker_side=taker.placed.side,
        buy=taker if taker_buys else maker,
        sell=maker if taker_buys else taker,
    )


@dataclass
class Exchange:
    """An engine that numbers its commands from 1, lists ``AAPL`` first, and checks itself after every command."""

    engine: MatchingEngine = field(default_factory=MatchingEngine)

    def __post_init__(self) -> None:
        if not self.engine.books:
            self.apply(instrument(tick="0.01", lot="1"))

    def apply(self, command: Command, *, time: int | None = None) -> list[Event]:
        """Apply one command; its time is its sequence, unless told otherwise."""
        sequence = self.engine.sequence + 1
        events = self.engine.apply(command, sequence, sequence if time is None else time)
        check_engine(self.engine)
        return events

    def apply_all(self, *commands: Command) -> list[list[Event]]:
        """Apply several commands, one after the other."""
        return [self.apply(command) for command in commands]

    def depth(self, symbol: str = SYMBOL) -> tuple[list[str], list[str]]:
        """Show bids and asks, best first, as ``quantity@price x orders``."""
        book = self.engine.books[symbol]
        return _levels(book, book.bids), _levels(book, book.asks)


def _levels(book: OrderBook, side: BookSide) -> list[str]:
    tick_e8, lot_e8 = book.instrument.tick_size_e8, book.instrument.lot_size_e8
    return [
        f"{format_quantity(level.shown_lots * lot_e8)}@{format_price(level.price_ticks * tick_e8, tick_e8)}"
        f" x{level.length}"
        for level in side.best_first()
    ]
