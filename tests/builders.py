"""Builders for commands and what they become: they hide what a test does not speak of. Amounts are decimal strings."""

from dataclasses import dataclass, field

from msgspec import structs

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    OrderType,
    PlaceOrder,
    SetInstrument,
    Side,
    TimeInForce,
)
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderRejected,
    OrderState,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.invariants import check_engine
from order_engine.matching.order_book import OrderBook
from order_engine.matching.reason import Reason
from order_engine.protocol.units import format_price, format_quantity, parse_amount

SYMBOL = "AAPL"


def buy(**terms: str | bool | None) -> PlaceOrder:
    """Build a BUY order: 10 at 100.00, GTC, of nobody, unless told otherwise; without a price it is a MARKET order."""
    return _order(Side.BUY, terms)


def sell(**terms: str | bool | None) -> PlaceOrder:
    """Build a SELL order as ``buy`` does."""
    return _order(Side.SELL, terms)


def amend(
    order_id: str | None = None, *, price: str | None = None, quantity: str | None = None, **names: str
) -> AmendOrder:
    """Build an amend; ``names`` may be a symbol, a user_id and a client_order_id."""
    return AmendOrder(
        order_id=order_id,
        price_e8=None if price is None else parse_amount(price),
        quantity_e8=None if quantity is None else parse_amount(quantity),
        **names,
    )


def cancel(order_id: str | None = None, **names: str) -> CancelOrder:
    """Build a cancel; ``names`` as in ``amend``."""
    return CancelOrder(order_id=order_id, **names)


def cancel_all(user_id: str, *, symbol: str | None = None, side: Side | None = None) -> CancelAll:
    """Build a mass cancel."""
    return CancelAll(user_id=user_id, symbol=symbol, side=side)


def instrument(symbol: str = SYMBOL, *, tick: str | None = None, lot: str | None = None) -> SetInstrument:
    """Build the listing, or the change, of an instrument."""
    return SetInstrument(
        symbol=symbol,
        tick_size_e8=None if tick is None else parse_amount(tick),
        lot_size_e8=None if lot is None else parse_amount(lot),
    )


def _order(side: Side, terms: dict[str, str | bool | None]) -> PlaceOrder:
    price = terms.pop("price", "100.00")
    return PlaceOrder(
        side=side,
        symbol=str(terms.pop("symbol", SYMBOL)),
        quantity_e8=parse_amount(terms.pop("quantity", "10")),
        price_e8=None if price is None else parse_amount(price),
        order_type=OrderType.MARKET if price is None else OrderType.LIMIT,
        time_in_force=TimeInForce(terms.pop("time_in_force", "GTC")),
        **terms,
    )


def standing(
    placed: PlaceOrder,
    sequence: int,
    *,
    fills: str = "",
    price: str | None = None,
    quantity: str | None = None,
    canceled: str = "0",
    reason: Reason | None = None,
) -> OrderState:
    """Build the state of an order placed at ``sequence``.

    ``fills`` are written ``4@100.00 6@100.50``; ``price`` and ``quantity`` are the amended ones; the rest follows.
    """
    filled_e8, notional_e16 = _total(fills)
    quantity_e8 = placed.quantity_e8 if quantity is None else parse_amount(quantity)
    remaining_e8 = quantity_e8 - filled_e8 - parse_amount(canceled)
    if parse_amount(canceled):
        status = OrderStatus.CANCELED
    elif not remaining_e8:
        status = OrderStatus.FILLED
    else:
        status = OrderStatus.PARTIALLY_FILLED if filled_e8 else OrderStatus.OPEN
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
        status=status,
        reason=reason,
    )


def _total(fills: str) -> tuple[int, int]:
    quantity_e8 = notional_e16 = 0
    for fill in fills.split():
        quantity, price = fill.split("@")
        quantity_e8 += parse_amount(quantity)
        notional_e16 += parse_amount(quantity) * parse_amount(price)
    return quantity_e8, notional_e16


def accepted(placed: PlaceOrder, sequence: int) -> OrderAccepted:
    """Build the event that lets an order in."""
    return OrderAccepted(standing(placed, sequence))


def rejected(placed: PlaceOrder, sequence: int, reason: Reason) -> OrderRejected:
    """Build the event that keeps an order out."""
    state = structs.replace(standing(placed, sequence), remaining_e8=0, status=OrderStatus.REJECTED, reason=reason)
    return OrderRejected(state)


def canceled(placed: PlaceOrder, sequence: int, quantity: str, reason: Reason, **terms: str) -> OrderCanceled:
    """Build the event that ends an order of which ``quantity`` was left; ``terms`` as in ``standing``."""
    return OrderCanceled(standing(placed, sequence, canceled=quantity, reason=reason, **terms), parse_amount(quantity))


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

    def apply(self, command: Command) -> list[Event]:
        """Apply one command; its time is its sequence."""
        sequence = self.engine.sequence + 1
        events = self.engine.apply(command, sequence, sequence)
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
        f"{format_quantity(level.quantity_lots * lot_e8)}@{format_price(level.price_ticks * tick_e8, tick_e8)}"
        f" x{level.length}"
        for level in side.best_first()
    ]
