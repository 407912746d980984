"""Short calls in one symbol: few orders of few sizes at few prices, so that auctions have ties."""

from random import Random

from order_engine.matching.commands import Command, PlaceOrder, SessionState, SetState, Side, TimeInForce
from tests.naive.random_market import CENT_E8, MID_E8, ONE_E8

SYMBOL = "CALL"


def random_call(chance: Random) -> list[Command]:
    """Make the commands of one day: a call, its auction, sometimes an order after it, and the close."""
    sizes_e8 = [ONE_E8 * lots for lots in (1, 1, 2, 3)]
    orders: list[Command] = [
        PlaceOrder(
            symbol=SYMBOL,
            side=chance.choice((Side.BUY, Side.SELL)),
            quantity_e8=quantity_e8,
            price_e8=MID_E8 + chance.randint(-2, 2) * 5 * CENT_E8,
            time_in_force=TimeInForce.DAY,
            display_quantity_e8=ONE_E8 if chance.random() < 0.2 else None,
            user_id=chance.choice(("ann", "bob", None)),
        )
        for quantity_e8 in chance.choices(sizes_e8, k=chance.randint(2, 7))
    ]
    afterwards = [orders.pop()] if chance.random() < 0.4 else []
    call, opening, close = (
        SetState(symbol=SYMBOL, state=state)
        for state in (SessionState.PRE_OPEN, SessionState.OPEN, SessionState.CLOSED)
    )
    return [call, *orders, opening, *afterwards, close]
