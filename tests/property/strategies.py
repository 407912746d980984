"""Hypothesis strategies for commands: few symbols, users, ids and prices, so that short lists already collide."""

from hypothesis import strategies as st

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    OrderType,
    PlaceOrder,
    SetInstrument,
    Side,
    TimeInForce,
)
from tests.naive.random_commands import Step

UNIT_E8 = 100_000_000
SYMBOLS = st.sampled_from(["AAA", "BBB"])
USERS = st.sampled_from(["ann", "bob"])
ORDER_IDS = st.sampled_from(["a", "b", "c", "1", "2", "3", "4"])
CLIENT_IDS = st.sampled_from(["x", "y"])
SIDES = st.sampled_from(Side)
PRICES = st.integers(1, 5).map(lambda units: units * UNIT_E8) | st.just(UNIT_E8 + 1)
QUANTITIES = st.integers(1, 5).map(lambda units: units * UNIT_E8) | st.sampled_from([1, UNIT_E8 // 2])
STEPS = st.sampled_from([1, UNIT_E8 // 100, UNIT_E8])


def _order(instructions: tuple[OrderType, TimeInForce, bool]) -> st.SearchStrategy[PlaceOrder]:
    order_type, time_in_force, post_only = instructions
    return st.builds(
        PlaceOrder,
        symbol=SYMBOLS,
        side=SIDES,
        quantity_e8=QUANTITIES,
        price_e8=st.none() if order_type is OrderType.MARKET else PRICES,
        order_type=st.just(order_type),
        time_in_force=st.just(time_in_force),
        post_only=st.just(post_only),
        user_id=st.none() | USERS,
        client_order_id=st.none() | CLIENT_IDS,
        order_id=st.none() | ORDER_IDS,
    )


INSTRUCTIONS = st.one_of(
    st.tuples(st.just(OrderType.LIMIT), st.just(TimeInForce.GTC), st.booleans()),
    st.tuples(st.sampled_from(OrderType), st.sampled_from(TimeInForce), st.just(False)),
)
PLACES = INSTRUCTIONS.flatmap(_order)
AMENDS = st.builds(
    AmendOrder,
    order_id=st.none() | ORDER_IDS,
    user_id=st.none() | USERS,
    client_order_id=st.none() | CLIENT_IDS,
    symbol=st.none() | SYMBOLS,
    price_e8=st.none() | PRICES,
    quantity_e8=st.none() | st.just(0) | QUANTITIES,
)
CANCELS = st.builds(
    CancelOrder,
    order_id=st.none() | ORDER_IDS,
    user_id=st.none() | USERS,
    client_order_id=st.none() | CLIENT_IDS,
    symbol=st.none() | SYMBOLS,
)
CANCEL_ALLS = st.builds(CancelAll, user_id=USERS, symbol=st.none() | SYMBOLS, side=st.none() | SIDES)
INSTRUMENTS = st.builds(SetInstrument, symbol=SYMBOLS, tick_size_e8=st.none() | STEPS, lot_size_e8=st.none() | STEPS)
SETTINGS = st.builds(
    Configure,
    default_tick_size_e8=STEPS,
    default_lot_size_e8=STEPS,
    auto_list=st.booleans(),
    max_instruments=st.sampled_from([0, 1, 10]),
)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    PLACES, PLACES, PLACES, PLACES, AMENDS, AMENDS, CANCELS, CANCEL_ALLS, INSTRUMENTS, SETTINGS
)


def steps(commands: list[Command]) -> list[Step]:
    """Give each command its place, from 1, and its time."""
    return [Step(command, sequence, sequence * 1_000) for sequence, command in enumerate(commands, start=1)]
