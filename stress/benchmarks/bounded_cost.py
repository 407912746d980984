"""What a command costs beside many waiting orders: it must be the same beside a hundred and a million.

usage: python -m stress.benchmarks.bounded_cost [--sizes N ...] [--commands N] [--save]

Each case fills a book with so many orders of one kind, then measures the processor's time of commands that touch few of
them. The engine is measured, without journal and server. Growth is the dearest size against the cheapest.
"""

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from order_engine.matching.commands import (
    CancelOrder,
    Command,
    Configure,
    OrderType,
    PlaceOrder,
    SelfTradePrevention,
    SetRiskLimits,
    Side,
    TimeInForce,
)
from order_engine.matching.engine import MatchingEngine
from stress.benchmarks.conditions import Figures, conditions_now, report

SIZES = (100, 10_000, 1_000_000)
COMMANDS = 2_000
ROUNDS = 5
ONE_E8 = 100_000_000
CENT_E8 = 1_000_000
MID_E8 = 100_000 * ONE_E8
SYMBOL = "AAPL"


class Case(NamedTuple):
    """What waits, by its number, and what is measured beside it, by the number of the command."""

    waiting: Callable[[int], PlaceOrder]
    measured: Callable[[int], list[Command]]


def _order(side: Side, price_e8: int | None, **terms: object) -> PlaceOrder:
    kind = OrderType.LIMIT if price_e8 is not None else OrderType.MARKET
    whole = {"symbol": SYMBOL, "quantity_e8": ONE_E8, "order_type": kind, "price_e8": price_e8, **terms}
    return PlaceOrder(side=side, **whole)  # type: ignore[arg-type]


def _resting(number: int) -> PlaceOrder:
    side = Side.BUY if number % 2 else Side.SELL
    away_e8 = (1 + number // 2 % 5_000) * CENT_E8
    return _order(side, MID_E8 - away_e8 if side is Side.BUY else MID_E8 + away_e8)


def _stop(number: int) -> PlaceOrder:
    below_e8 = MID_E8 // 2 - number % 50_000 * CENT_E8
    return _order(Side.SELL, None, order_type=OrderType.STOP, stop_price_e8=below_e8)


def _trailing(number: int) -> PlaceOrder:
    trail_e8 = MID_E8 // 2 + number % 50_000 * CENT_E8
    return _order(Side.SELL, None, order_type=OrderType.TRAILING_STOP, trail_amount_e8=trail_e8)


def _of_one_user(number: int) -> PlaceOrder:
    return _order(Side.BUY, MID_E8 - (1 + number % 5_000) * CENT_E8, user_id="ann")


def _at_one_price(_: int) -> PlaceOrder:
    return _order(Side.SELL, MID_E8 + CENT_E8, user_id="bob")


def _trade_at_new_price(number: int) -> list[Command]:
    """Trade at a price better than any before: every trailing stop follows it."""
    price_e8 = MID_E8 + number * CENT_E8
    return [_order(Side.SELL, price_e8), _order(Side.BUY, price_e8)]


def _place_and_cancel(number: int) -> list[Command]:
    name = f"measured-{number}"
    return [_order(Side.BUY, MID_E8 - ONE_E8, order_id=name, user_id="ann"), CancelOrder(order_id=name)]


def _trade_at_the_one_price(_: int) -> list[Command]:
    return [_order(Side.BUY, None), _at_one_price(0)]


def _fill_or_kill_beside_own(number: int) -> list[Command]:
    """Ask for more than there is at a price where, last in the queue, an order of one's own rests."""
    name = f"own-{number}"
    return [
        _order(Side.SELL, MID_E8 + CENT_E8, order_id=name, user_id="ann"),
        _order(
            Side.BUY,
            MID_E8 + CENT_E8,
            quantity_e8=10**10 * ONE_E8,
            time_in_force=TimeInForce.FOK,
            user_id="ann",
            self_trade_prevention=SelfTradePrevention.CANCEL_NEWEST,
        ),
        CancelOrder(order_id=name),
    ]


CASES = {
    "resting orders: place and cancel": Case(_resting, _place_and_cancel),
    "waiting stops: a trade at a new price": Case(_stop, _trade_at_new_price),
    "trailing stops: a trade at a new best price": Case(_trailing, _trade_at_new_price),
    "orders of one user with limits: place and cancel": Case(_of_one_user, _place_and_cancel),
    "orders at one price: a trade": Case(_at_one_price, _trade_at_the_one_price),
    "orders at one price: FOK beside an own order": Case(_at_one_price, _fill_or_kill_beside_own),
}


def main() -> None:
    """Measure every case at every size."""
    arguments = _arguments()
    conditions = conditions_now()
    figures: Figures = {}
    for name, case in CASES.items():
        costs = {size: microseconds(case, size, arguments.commands) for size in arguments.sizes}
        figures[name] = {
            "microseconds_a_command": {str(size): round(cost, 2) for size, cost in costs.items()},
            "growth": round(max(costs.values()) / min(costs.values()), 2),
        }
    report("bounded-cost", conditions, figures, save=arguments.save)


def microseconds(case: Case, size: int, commands: int) -> float:
    """Return the processor's time of one command beside so many orders: the least of several rounds."""
    engine = filled(case, size)
    numbers = iter(range(1, 1 << 60))
    take(engine, case, numbers, commands // 10)
    gc.collect()
    gc.disable()
    try:
        return min(take(engine, case, numbers, commands) for _ in range(ROUNDS))
    finally:
        gc.enable()


def filled(case: Case, size: int) -> MatchingEngine:
    """Make an engine in which so many orders wait, each user with limits."""
    engine = MatchingEngine()
    first: list[Command] = [
        Configure(trades_max=10_000, iceberg_slices_max=100, max_live_orders=10_000_000),
        SetRiskLimits(user_id="*", max_open_orders=10**9, max_position_e8=10**18),
        _order(Side.SELL, MID_E8),
        _order(Side.BUY, MID_E8),
    ]
    for command in first:
        _apply(engine, command)
    for number in range(size):
        _apply(engine, case.waiting(number))
    return engine


def take(engine: MatchingEngine, case: Case, numbers: Iterator[int], commands: int) -> float:
    """Measure some commands; return the microseconds of each."""
    prepared: list[Command] = []
    while len(prepared) < commands:
        prepared += case.measured(next(numbers))
    started = time.process_time_ns()
    for command in prepared:
        _apply(engine, command)
    return (time.process_time_ns() - started) / 1_000 / len(prepared)


def _apply(engine: MatchingEngine, command: Command) -> None:
    sequence = engine.sequence + 1
    engine.apply(command, sequence, sequence)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bounded_cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--commands", type=int, default=COMMANDS)
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
