"""A command costs the same beside 10,000 waiting orders as beside 100.

``stress.benchmarks.bounded_cost`` has the figures. The bound is generous, since others use the machine too. What grew
with the number of orders grew a hundredfold here.
"""

import pytest

from order_engine.matching.commands import Command, OrderType, PlaceOrder, Side
from order_engine.matching.events import OrderCanceled, OrderRejected, OrderTriggered
from order_engine.matching.reason import Reason
from stress.benchmarks.bounded_cost import CASES, MID_E8, ONE_E8, SYMBOL, filled, microseconds
from tests.builders import Exchange

FEW, MANY = 100, 10_000
GROWTH_MAX = 5.0


@pytest.mark.alone
@pytest.mark.parametrize("name", sorted(CASES))
def test_cost_does_not_grow_with_what_waits(name: str) -> None:
    case = CASES[name]

    few, many = (microseconds(filled(case.waiting, size), case.measured, 300) for size in (FEW, MANY))

    assert many / few < GROWTH_MAX


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_measured_is_carried_out(name: str) -> None:
    case = CASES[name]
    engine = filled(case.waiting, FEW)

    refused = {
        event.order.reason
        for command in case.measured(1)
        for event in engine.apply(command, engine.sequence + 1, engine.sequence + 1)
        if isinstance(event, OrderRejected | OrderCanceled)
    }

    assert refused <= {Reason.USER_REQUESTED, Reason.FOK_UNFILLED, Reason.IOC_REMAINDER}
    assert ("FOK" in name) == (Reason.FOK_UNFILLED in refused)


def test_new_best_price_touches_no_trailing_stop() -> None:
    case = CASES["trailing stops: a trade at a new best price"]
    engine = filled(case.waiting, FEW)
    stops = engine.books[SYMBOL].stops
    bests = {id(order.stop.best.now()) for order in stops.orders.values() if order.stop and order.stop.best}
    before = {order.stop_price_e8 for order in stops.orders.values()}

    for command in case.measured(1):
        engine.apply(command, engine.sequence + 1, engine.sequence + 1)

    assert len(bests) == 1
    assert {order.stop_price_e8 for order in stops.orders.values()} == {price + 10**6 for price in before if price}


def test_thousand_stops_and_a_thousand_trailing_stops_cost_what_they_trigger() -> None:
    engine = Exchange().engine

    def apply(command: Command) -> int:
        sequence = engine.sequence + 1
        return sum(isinstance(event, OrderTriggered) for event in engine.apply(command, sequence, sequence))

    def order(side: Side, kind: OrderType = OrderType.LIMIT, **terms: int) -> PlaceOrder:
        return PlaceOrder(symbol="X", side=side, quantity_e8=ONE_E8, order_type=kind, **terms)

    apply(order(Side.BUY, price_e8=MID_E8))
    apply(order(Side.SELL, price_e8=MID_E8))
    for number in range(1, 1_001):
        apply(order(Side.BUY, OrderType.STOP, stop_price_e8=MID_E8 + number * ONE_E8))
        apply(order(Side.SELL, OrderType.TRAILING_STOP, trail_amount_e8=MID_E8 // 2))
        apply(order(Side.SELL, price_e8=MID_E8 + number * ONE_E8))
    pushed = engine.books["X"].stops._trailing[Side.SELL]

    triggered = apply(order(Side.BUY, price_e8=MID_E8 + ONE_E8))

    assert triggered == 1_000
    assert len(pushed._bests) == 1
    assert len(pushed._next) < 200
