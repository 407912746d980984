"""Why the naive exchange refuses an order or an amend: the rulebook's refusals, in the rulebook's order."""

from dataclasses import dataclass
from fractions import Fraction

from order_engine.matching.commands import AmendOrder, OrderType, PlaceOrder, SessionState, TimeInForce
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason
from tests.naive.naive_book import NaiveBook
from tests.naive.naive_order import NaiveOrder
from tests.naive.naive_risk import NaiveRisk


@dataclass(frozen=True)
class NewTerms:
    """The terms that an order would have after an amend."""

    price_e8: int | None
    quantity_e8: int
    display_e8: int | None
    stop_e8: int | None
    trail_e8: int | None

    @classmethod
    def of(cls, command: AmendOrder, order: NaiveOrder) -> "NewTerms":
        """Make the terms from an amend, and the rest from the order."""
        return cls(
            order.price_e8 if command.price_e8 is None else command.price_e8,
            order.quantity_e8 if command.quantity_e8 is None else command.quantity_e8,
            order.display_e8 if command.display_quantity_e8 is None else command.display_quantity_e8,
            order.stop_e8 if command.stop_price_e8 is None else command.stop_price_e8,
            order.trail_e8 if command.trail_amount_e8 is None else command.trail_amount_e8,
        )

    @classmethod
    def now(cls, order: NaiveOrder) -> "NewTerms":
        """Make the terms of an order as it is."""
        return cls(order.price_e8, order.quantity_e8, order.display_e8, order.stop_e8, order.trail_e8)

    def differences_from(self, order: NaiveOrder) -> tuple[str, ...]:
        """Return the terms that change."""
        now = NewTerms.now(order)
        quantity = "more" if self.quantity_e8 > now.quantity_e8 else "less"
        changes = {
            "price": self.price_e8 != now.price_e8,
            quantity: self.quantity_e8 != now.quantity_e8,
            "display": self.display_e8 != now.display_e8,
            "stop price": self.stop_e8 != now.stop_e8,
            "trail": self.trail_e8 != now.trail_e8,
        }
        return tuple(name for name, changed in changes.items() if changed)


@dataclass(frozen=True)
class NaiveBounds:
    """How many slices a new iceberg may have, and how many orders may live."""

    slices_max: int
    live_orders_max: int


def why_not_placed(
    order: NaiveOrder,
    book: NaiveBook,
    live: list[NaiveOrder],
    risk: NaiveRisk,
    timestamp_ns: int,
    bounds: NaiveBounds,
) -> Reason | None:
    """Find the first refusal of a new order, from the session on."""
    placed = order.placed
    is_immediate = placed.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)
    if book.state is SessionState.CLOSED:
        return Reason.MARKET_CLOSED
    if book.state is SessionState.HALTED:
        return Reason.INSTRUMENT_HALTED
    matches_at_once = not order.waits and (placed.order_type is OrderType.MARKET or is_immediate)
    if book.state is SessionState.PRE_OPEN and matches_at_once:
        return Reason.NOT_IN_AUCTION
    if any(_have_one_name(order, other) for other in live):
        return Reason.DUPLICATE_ORDER_ID
    may_stay = order.waits or (placed.order_type is OrderType.LIMIT and not is_immediate)
    if may_stay and len(live) + 1 > bounds.live_orders_max:
        return Reason.TOO_MANY_ORDERS
    if _is_too_late(placed, timestamp_ns) or _shows_too_little(order, book, bounds):
        return Reason.INVALID_INSTRUCTION
    reason = _why_not_in_steps(placed, book) or _why_beyond_limits(book, placed.price_e8, placed.quantity_e8)
    if reason is not None:
        return reason
    if placed.order_type is OrderType.LIMIT and book.state is SessionState.OPEN:
        assert placed.price_e8 is not None
        if not book.in_band(placed.price_e8):
            return Reason.PRICE_OUT_OF_BAND
    reason = risk.why_not_placed(order, live, may_stay)
    if reason is not None:
        return reason
    if placed.post_only and book.state is SessionState.OPEN and book.would_take(order):
        return Reason.POST_ONLY_WOULD_TAKE
    return None


def why_not_amended(
    command: AmendOrder,
    terms: NewTerms,
    order: NaiveOrder,
    book: NaiveBook,
    live: list[NaiveOrder],
    risk: NaiveRisk,
    slices_max: int,
) -> Reason | None:
    """Find the first refusal of an amend of a live order, whose user therefore is not disabled."""
    if book.state is SessionState.CLOSED:
        return Reason.MARKET_CLOSED
    if book.state is SessionState.HALTED:
        return Reason.INSTRUMENT_HALTED
    names_what_it_lacks = (
        (command.price_e8 is not None and order.price_e8 is None)
        or (command.stop_price_e8 is not None and (not order.waits or order.trail_e8 is not None))
        or (command.trail_amount_e8 is not None and order.trail_e8 is None)
        or (command.display_quantity_e8 is not None and order.display_e8 is None)
    )
    if names_what_it_lacks:
        return Reason.INVALID_INSTRUCTION
    if terms.display_e8 is not None and terms.quantity_e8 > slices_max * terms.display_e8:
        return Reason.INVALID_INSTRUCTION
    reason = _why_not_in_steps(command, book) or _why_amended_beyond_limits(terms, order, book)
    if reason is not None:
        return reason
    if not order.waits and book.state is SessionState.OPEN and _moves_out_of_band(command, terms, order, book):
        return Reason.PRICE_OUT_OF_BAND
    if terms.differences_from(order):
        reason = risk.why_not_amended(order, terms.price_e8, terms.quantity_e8, live)
        if reason is not None:
            return reason
    if order.placed.post_only and book.state is SessionState.OPEN and terms.quantity_e8 > order.filled_e8:
        best = book.best_opposite(order)
        if best is not None and _crosses(order, terms.price_e8, best):
            return Reason.POST_ONLY_WOULD_TAKE
    return None


def _is_too_late(placed: PlaceOrder, timestamp_ns: int) -> bool:
    return placed.expire_at_ns is not None and placed.expire_at_ns <= timestamp_ns


def _shows_too_little(order: NaiveOrder, book: NaiveBook, bounds: NaiveBounds) -> bool:
    if order.display_e8 is None or order.quantity_e8 <= bounds.slices_max * order.display_e8:
        return False
    book.report.meet("an iceberg shows too little")
    return True


def _moves_out_of_band(command: AmendOrder, terms: NewTerms, order: NaiveOrder, book: NaiveBook) -> bool:
    assert terms.price_e8 is not None
    if book.in_band(terms.price_e8):
        return False
    if command.price_e8 is not None and terms.price_e8 == order.price_e8 and terms.differences_from(order):
        book.report.meet("amend: names a price out of band that stays")
    return terms.price_e8 != order.price_e8


def _why_not_in_steps(command: PlaceOrder | AmendOrder, book: NaiveBook) -> Reason | None:
    for amount_e8 in (command.price_e8, command.stop_price_e8, command.trail_amount_e8):
        if amount_e8 is not None and amount_e8 % book.instrument.tick_size_e8 != 0:
            return Reason.TICK_SIZE
    for amount_e8 in (command.quantity_e8, command.display_quantity_e8):
        if amount_e8 is not None and amount_e8 % book.instrument.lot_size_e8 != 0:
            return Reason.LOT_SIZE
    return None


def contradicts_itself(instrument: Instrument) -> bool:
    """Whether a minimum is above its maximum."""
    pairs = (
        (instrument.min_price_e8, instrument.max_price_e8),
        (instrument.min_quantity_e8, instrument.max_quantity_e8),
    )
    return any(isinstance(low, int) and isinstance(high, int) and low > high for low, high in pairs)


def _why_beyond_limits(
    book: NaiveBook, price_e8: int | None, quantity_e8: int, moves: bool = True, resizes: bool = True
) -> Reason | None:
    terms = book.instrument
    notional_e8 = None if price_e8 is None else Fraction(price_e8 * quantity_e8, 10**8)
    broken = {
        Reason.MIN_PRICE: moves and _is_below(price_e8, terms.min_price_e8),
        Reason.MAX_PRICE: moves and _is_above(price_e8, terms.max_price_e8),
        Reason.MIN_QUANTITY: resizes and _is_below(quantity_e8, terms.min_quantity_e8),
        Reason.MAX_QUANTITY: resizes and _is_above(quantity_e8, terms.max_quantity_e8),
        Reason.MIN_NOTIONAL: (moves or resizes) and _is_below(notional_e8, terms.min_notional_e8),
    }
    return next((reason for reason, is_broken in broken.items() if is_broken), None)


def _why_amended_beyond_limits(terms: NewTerms, order: NaiveOrder, book: NaiveBook) -> Reason | None:
    """Look at what changes; an amend that ends the order breaks no limit."""
    moves, resizes = terms.price_e8 != order.price_e8, terms.quantity_e8 != order.quantity_e8
    broken = _why_beyond_limits(book, terms.price_e8, terms.quantity_e8)
    if broken is None:
        return None
    if terms.quantity_e8 <= order.filled_e8:
        book.report.meet("amend: ends an order beyond its instrument's limits")
        return None
    reason = _why_beyond_limits(book, terms.price_e8, terms.quantity_e8, moves, resizes)
    if reason is None:
        book.report.meet("amend: what is beyond a limit stays as it was")
    return reason


def _is_below(amount: Fraction | int | None, limit: object) -> bool:
    return amount is not None and isinstance(limit, int) and amount < limit


def _is_above(amount: int | None, limit: object) -> bool:
    return amount is not None and isinstance(limit, int) and amount > limit


def _have_one_name(order: NaiveOrder, other: NaiveOrder) -> bool:
    if order.order_id == other.order_id:
        return True
    placed, others = order.placed, other.placed
    if placed.user_id is None or placed.client_order_id is None:
        return False
    return (placed.user_id, placed.client_order_id) == (others.user_id, others.client_order_id)


def _crosses(order: NaiveOrder, price_e8: int | None, best: NaiveOrder) -> bool:
    assert price_e8 is not None
    assert best.price_e8 is not None
    return best.price_e8 <= price_e8 if order.buys else best.price_e8 >= price_e8
