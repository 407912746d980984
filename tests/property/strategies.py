"""Hypothesis strategies for commands: few symbols, users, ids and prices, so that short lists already collide."""

from typing import Any

from hypothesis import strategies as st

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    DisableUser,
    EnableUser,
    ExpireDue,
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
from tests.naive.random_commands import Step

UNIT_E8 = 100_000_000
TIME_STEP_NS = 10
SYMBOLS = st.sampled_from(["AAA", "AAA", "BBB"])
USERS = st.sampled_from(["ann", "bob"])
ORDER_IDS = st.sampled_from(["a", "b", "c", "1", "2", "3", "4"])
CLIENT_IDS = st.sampled_from(["x", "y"])
SIDES = st.sampled_from(Side)
MODES = st.sampled_from(SelfTradePrevention)
PRICES = st.integers(1, 6).map(lambda units: units * UNIT_E8) | st.just(UNIT_E8 + 1)
TRAILS = st.integers(1, 2).map(lambda units: units * UNIT_E8) | st.just(1)
QUANTITIES = st.integers(1, 5).map(lambda units: units * UNIT_E8) | st.sampled_from([UNIT_E8 // 1_000, UNIT_E8 // 2])
DISPLAYS = st.integers(1, 3).map(lambda units: units * UNIT_E8) | st.just(UNIT_E8 // 2)
STEPS = st.sampled_from([1, UNIT_E8 // 100, UNIT_E8])
PERCENTS = st.sampled_from([0, 25 * UNIT_E8, 50 * UNIT_E8])
TIMES = st.integers(0, 30).map(lambda steps: steps * TIME_STEP_NS)

IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)
PATIENT = (TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD)
TIMES_IN_FORCE = {
    OrderType.LIMIT: tuple(TimeInForce),
    OrderType.MARKET: (TimeInForce.GTC, TimeInForce.DAY, *IMMEDIATE),
    OrderType.STOP: PATIENT,
    OrderType.STOP_LIMIT: tuple(TimeInForce),
    OrderType.TRAILING_STOP: PATIENT,
}


@st.composite
def places(draw: st.DrawFn) -> PlaceOrder:
    """Draw an order in a form that the edges accept."""
    order_type = draw(st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, *OrderType]))
    time_in_force = draw(st.sampled_from(TIMES_IN_FORCE[order_type]))
    quantity_e8 = draw(QUANTITIES)
    terms: dict[str, Any] = {}  # Any: each term of an order has its own type
    if order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        terms["price_e8"] = draw(PRICES)
    if order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
        terms["stop_price_e8"] = draw(PRICES)
    if order_type is OrderType.TRAILING_STOP:
        terms["trail_amount_e8"] = draw(TRAILS)
    if time_in_force is TimeInForce.GTD:
        terms["expire_at_ns"] = draw(TIMES)
    if order_type is OrderType.LIMIT and time_in_force not in IMMEDIATE:
        terms["post_only"] = draw(st.booleans())
        display_e8 = draw(st.none() | DISPLAYS)
        terms["display_quantity_e8"] = None if display_e8 is None else min(display_e8, quantity_e8)
    return PlaceOrder(
        symbol=draw(SYMBOLS),
        side=draw(SIDES),
        quantity_e8=quantity_e8,
        order_type=order_type,
        time_in_force=time_in_force,
        self_trade_prevention=draw(st.none() | MODES),
        user_id=draw(st.none() | USERS),
        client_order_id=draw(st.none() | CLIENT_IDS),
        order_id=draw(st.none() | ORDER_IDS),
        **terms,
    )


AMENDS = st.builds(
    AmendOrder,
    order_id=ORDER_IDS,
    symbol=st.none() | SYMBOLS,
    price_e8=st.none() | PRICES,
    quantity_e8=st.none() | st.just(0) | QUANTITIES,
    display_quantity_e8=st.none() | st.none() | DISPLAYS,
    stop_price_e8=st.none() | st.none() | PRICES,
    trail_amount_e8=st.none() | st.none() | TRAILS,
) | st.builds(AmendOrder, user_id=USERS, client_order_id=CLIENT_IDS, quantity_e8=QUANTITIES)
CANCELS = st.builds(
    CancelOrder,
    order_id=st.none() | ORDER_IDS,
    user_id=st.none() | USERS,
    client_order_id=st.none() | CLIENT_IDS,
    symbol=st.none() | SYMBOLS,
)
CANCEL_ALLS = st.builds(CancelAll, user_id=USERS, symbol=st.none() | SYMBOLS, side=st.none() | SIDES)
INSTRUMENTS = st.builds(
    SetInstrument,
    symbol=SYMBOLS,
    tick_size_e8=st.none() | STEPS,
    lot_size_e8=st.none() | STEPS,
    price_band_percent_e8=st.none() | PERCENTS,
    circuit_breaker_percent_e8=st.none() | PERCENTS,
    reference_price_e8=st.none() | PRICES,
    self_trade_prevention=st.none() | MODES,
)
STATES = st.builds(SetState, symbol=SYMBOLS, state=st.sampled_from([SessionState.OPEN, *SessionState]))
LIMITS = st.builds(
    SetRiskLimits,
    user_id=st.just("*") | USERS,
    max_order_quantity_e8=st.none() | QUANTITIES,
    max_order_notional_e8=st.none() | st.integers(1, 20).map(lambda units: units * UNIT_E8),
    max_open_orders=st.none() | st.integers(0, 2),
    max_position_e8=st.none() | QUANTITIES,
)
SWITCHED = st.just("*") | USERS
USER_CHANGES = st.builds(DisableUser, user_id=SWITCHED) | st.builds(EnableUser, user_id=SWITCHED)
SETTINGS = st.builds(
    Configure,
    default_tick_size_e8=STEPS,
    default_lot_size_e8=STEPS,
    auto_list=st.booleans(),
    max_instruments=st.sampled_from([0, 1, 10]),
    everybody_can_be_disabled=st.booleans(),
    self_trade_prevention=MODES,
)
RARE = st.one_of(CANCEL_ALLS, INSTRUMENTS, LIMITS, USER_CHANGES, SETTINGS, st.builds(ExpireDue))
COMMANDS: st.SearchStrategy[Command] = st.one_of(places(), places(), places(), places(), AMENDS, CANCELS, STATES, RARE)
STREAMS = st.builds(
    lambda first, then: [*first, *then],
    st.lists(st.one_of(INSTRUMENTS, INSTRUMENTS, LIMITS, SETTINGS), max_size=3),
    st.lists(COMMANDS, min_size=2, max_size=60),
)
"""Commands after what limits and protects them, which few would otherwise meet."""


def steps(commands: list[Command]) -> list[Step]:
    """Give each command its sequence, from 1, and its time."""
    return [Step(command, sequence, sequence * TIME_STEP_NS) for sequence, command in enumerate(commands, start=1)]
