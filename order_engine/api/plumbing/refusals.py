"""Refusals by the rulebook: what clients are told for each reason, and which amount broke a step."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus

from order_engine.api.plumbing.problems import Problem
from order_engine.matching.commands import AmendOrder, PlaceOrder
from order_engine.matching.instrument import Instrument, or_none
from order_engine.matching.reason import Reason
from order_engine.wire.messages.orders import Order
from order_engine.wire.rendering import price_of_terms
from order_engine.wire.units import format_price, format_quantity

REFUSALS: Mapping[Reason, str] = {
    Reason.UNKNOWN_ORDER: "No live order has this id.",
    Reason.USER_DISABLED: "The user is disabled and may not place orders.",
    Reason.UNKNOWN_SYMBOL: "The instrument is not listed, and an order may not list it.",
    Reason.MARKET_CLOSED: "The instrument's session is closed: only cancels are accepted.",
    Reason.INSTRUMENT_HALTED: "The instrument is halted: only cancels are accepted.",
    Reason.NOT_IN_AUCTION: "Nothing trades while the session is PRE_OPEN: MARKET, IOC and FOK orders are refused.",
    Reason.DUPLICATE_ORDER_ID: "A live order of this user has the same client_order_id.",
    Reason.TOO_MANY_ORDERS: "The exchange holds as many live orders as it may: nothing that would wait is taken now.",
    Reason.INVALID_INSTRUCTION: "The instruction does not fit the order or the instrument.",
    Reason.TICK_SIZE: "The price is not a multiple of the instrument's tick size.",
    Reason.LOT_SIZE: "The quantity is not a multiple of the instrument's lot size.",
    Reason.MIN_PRICE: "The price is below the instrument's min_price.",
    Reason.MAX_PRICE: "The price is above the instrument's max_price.",
    Reason.MIN_QUANTITY: "The quantity is less than the instrument's min_quantity.",
    Reason.MAX_QUANTITY: "The quantity is more than the instrument's max_quantity.",
    Reason.MIN_NOTIONAL: "Price times quantity is less than the instrument's min_notional.",
    Reason.PRICE_OUT_OF_BAND: "The price is further from the last price than the instrument's price band allows.",
    Reason.RISK_MAX_ORDER_QUANTITY: "The quantity is more than the user's max_order_quantity.",
    Reason.RISK_MAX_ORDER_NOTIONAL: "Price times quantity is more than the user's max_order_notional.",
    Reason.RISK_MAX_OPEN_ORDERS: "The user already has max_open_orders live orders in this symbol.",
    Reason.RISK_MAX_POSITION: "If all open orders were filled, the user's position would exceed max_position.",
    Reason.POST_ONLY_WOULD_TAKE: "The order is post-only and would have traded at once.",
}
PRICES = ("price", "stop_price", "trail_amount")
QUANTITIES = ("quantity", "display_quantity")
PRICE_LIMITS = (Reason.MIN_PRICE, Reason.MAX_PRICE)
LIMITS = (*PRICE_LIMITS, Reason.MIN_QUANTITY, Reason.MAX_QUANTITY, Reason.MIN_NOTIONAL)


def refused(reason: Reason, order: Order | None = None, detail: str = "") -> Problem:
    """Return the problem for a refusal; ``detail`` says more than the reason does."""
    return Problem(reason.value, detail or REFUSALS[reason], order=order, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def why_refused(reason: Reason, command: PlaceOrder | AmendOrder, terms: Instrument) -> str:
    """Name the amounts that are not multiples of their step, with the nearest that are, or the limit that was broken.

    Empty for other reasons, and if the terms were changed since the command was refused and now fit it.
    """
    if reason is Reason.TICK_SIZE:
        return "; ".join(_off_tick(command, terms.tick_size_e8))
    if reason is Reason.LOT_SIZE:
        return "; ".join(_off_lot(command, terms.lot_size_e8))
    limit_e8 = or_none(getattr(terms, f"{reason}_e8")) if reason in LIMITS else None
    if limit_e8 is None:
        return ""
    limit = price_of_terms(terms, limit_e8) if reason in PRICE_LIMITS else format_quantity(limit_e8)
    return f"{REFUSALS[reason]} It is {limit}."


def _off_tick(command: PlaceOrder | AmendOrder, tick_size_e8: int) -> Iterator[str]:
    for name in PRICES:
        price_e8: int | None = getattr(command, f"{name}_e8")
        if price_e8 is not None and price_e8 % tick_size_e8:
            nearest = [format_price(near_e8, tick_size_e8) for near_e8 in _nearest(price_e8, tick_size_e8)]
            yield _sentence(f"{name}: {format_price(price_e8, tick_size_e8)}", "tick", tick_size_e8, nearest)


def _off_lot(command: PlaceOrder | AmendOrder, lot_size_e8: int) -> Iterator[str]:
    for name in QUANTITIES:
        quantity_e8: int | None = getattr(command, f"{name}_e8")
        if quantity_e8 is not None and quantity_e8 % lot_size_e8:
            nearest = [format_quantity(near_e8) for near_e8 in _nearest(quantity_e8, lot_size_e8)]
            yield _sentence(f"{name}: {format_quantity(quantity_e8)}", "lot", lot_size_e8, nearest)


def _nearest(amount_e8: int, step_e8: int) -> Iterator[int]:
    below_e8 = amount_e8 - amount_e8 % step_e8
    if below_e8:
        yield below_e8
    yield below_e8 + step_e8


def _sentence(amount: str, step_name: str, step_e8: int, nearest: list[str]) -> str:
    verb = "are" if len(nearest) > 1 else "is"
    return (
        f"{amount} is not a multiple of the {step_name} {format_quantity(step_e8)}; "
        f"the nearest {verb} {' and '.join(nearest)}"
    )
