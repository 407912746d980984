"""Short falls in one symbol: several stops trigger at once, and commands come between their turns."""

from random import Random

from order_engine.matching.commands import (
    CancelAll,
    Command,
    Continue,
    OrderType,
    PlaceOrder,
    SessionState,
    SetInstrument,
    SetState,
    Side,
)
from tests.naive.random_market import CENT_E8, MID_E8, ONE_E8

SYMBOL = "FALL"


def random_cascade(chance: Random) -> list[Command]:
    """Make bids, stops that trigger together, the sale that triggers them, and commands between their turns."""
    bids: list[Command] = [
        PlaceOrder(symbol=SYMBOL, side=Side.BUY, quantity_e8=ONE_E8, price_e8=MID_E8 - number * CENT_E8)
        for number in range(chance.randint(4, 8))
    ]
    stops: list[Command] = [
        PlaceOrder(
            symbol=SYMBOL,
            side=Side.SELL,
            quantity_e8=ONE_E8,
            order_type=OrderType.STOP,
            stop_price_e8=MID_E8,
            user_id=chance.choice(("ann", "bob")),
        )
        for _ in range(chance.randint(3, 6))
    ]
    sale = PlaceOrder(symbol=SYMBOL, side=Side.SELL, quantity_e8=ONE_E8, price_e8=MID_E8)
    between: Command = chance.choice(
        (
            CancelAll(user_id=chance.choice(("ann", "bob"))),
            SetState(symbol=SYMBOL, state=chance.choice((SessionState.HALTED, SessionState.PRE_OPEN))),
            SetState(symbol=SYMBOL, state=chance.choice((SessionState.HALTED, SessionState.PRE_OPEN))),
            Continue(symbol=SYMBOL),
        )
    )
    listing = [SetInstrument(symbol=SYMBOL), SetState(symbol=SYMBOL, state=SessionState.OPEN)]
    return [*listing, *bids, *stops, sale, between]
