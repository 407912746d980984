"""An instrument's limits of price, quantity and notional. See the rulebook, Instruments."""

from msgspec import UNSET

from order_engine.matching.accounts import ONE_E8
from order_engine.matching.commands import AmendOrder
from order_engine.matching.events import OrderState
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason


def refusal_of_price(instrument: Instrument, price_e8: int | None) -> Reason | None:
    """Return the limit that a limit price breaks, or None."""
    if price_e8 is None:
        return None
    if instrument.min_price_e8 is not UNSET and price_e8 < instrument.min_price_e8:
        return Reason.MIN_PRICE
    if instrument.max_price_e8 is not UNSET and price_e8 > instrument.max_price_e8:
        return Reason.MAX_PRICE
    return None


def refusal_of_quantity(instrument: Instrument, quantity_e8: int) -> Reason | None:
    """Return the limit that a total quantity breaks, or None."""
    if instrument.min_quantity_e8 is not UNSET and quantity_e8 < instrument.min_quantity_e8:
        return Reason.MIN_QUANTITY
    if instrument.max_quantity_e8 is not UNSET and quantity_e8 > instrument.max_quantity_e8:
        return Reason.MAX_QUANTITY
    return None


def refusal_of_notional(instrument: Instrument, price_e8: int | None, quantity_e8: int) -> Reason | None:
    """Return why price times quantity is too little, or None; an order without a price has none."""
    if instrument.min_notional_e8 is UNSET or price_e8 is None:
        return None
    return Reason.MIN_NOTIONAL if price_e8 * quantity_e8 < instrument.min_notional_e8 * ONE_E8 else None


def refusal_of_new_terms(instrument: Instrument, command: AmendOrder, state: OrderState) -> Reason | None:
    """Return the limit that an amend breaks. What stays breaks none, and neither does an amend that ends the order."""
    quantity_e8 = state.quantity_e8 if command.quantity_e8 is None else command.quantity_e8
    price_e8 = state.price_e8 if command.price_e8 is None else command.price_e8
    if quantity_e8 <= state.filled_e8:
        return None
    return (
        (refusal_of_price(instrument, price_e8) if price_e8 != state.price_e8 else None)
        or (refusal_of_quantity(instrument, quantity_e8) if quantity_e8 != state.quantity_e8 else None)
        or (
            refusal_of_notional(instrument, price_e8, quantity_e8)
            if (price_e8, quantity_e8) != (state.price_e8, state.quantity_e8)
            else None
        )
    )
