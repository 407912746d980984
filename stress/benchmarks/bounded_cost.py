"""What a command costs beside many waiting orders: it must be the same beside a hundred and a million.

usage: python -m stress.benchmarks.bounded_cost [--sizes N ...] [--commands N] [--only WORD] [--save]

Each crowd fills a book with so many orders of one kind; each act is a few commands that touch few of them. The engine
is measured, without journal and server, by the processor's time. Growth is the dearest size against the cheapest.
Exits with 1 if any growth is more than 2.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from order_engine.matching.commands import (
    AmendOrder,
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
GROWTH_MAX = 2.0
ONE_E8 = 100_000_000
CENT_E8 = 1_000_000
MID_E8 = 100_000 * ONE_E8
SYMBOL = "AAPL"
MORE_THAN_ALL_E8 = 10**10 * ONE_E8

Crowd = Callable[[int], PlaceOrder]
"""What waits, by its number."""
Act = Callable[[int], list[Command]]
"""What is measured beside it, by its number."""


class Case(NamedTuple):
    """A crowd, and an act beside it."""

    waiting: Crowd
    measured: Act


def _order(side: Side, price_e8: int | None, **terms: object) -> PlaceOrder:
    kind = OrderType.LIMIT if price_e8 is not None else OrderType.MARKET
    whole = {"symbol": SYMBOL, "quantity_e8": ONE_E8, "order_type": kind, "price_e8": price_e8, **terms}
    return PlaceOrder(side=side, **whole)  # type: ignore[arg-type]


def _resting(number: int) -> PlaceOrder:
    side = Side.BUY if number % 2 else Side.SELL
    away_e8 = (1 + number // 2) * CENT_E8
    return _order(side, MID_E8 - away_e8 if side is Side.BUY else MID_E8 + away_e8)


def _stop(number: int) -> PlaceOrder:
    below_e8 = MID_E8 // 2 - number % 50_000 * CENT_E8
    return _order(Side.SELL, None, order_type=OrderType.STOP, stop_price_e8=below_e8)


def _trailing(number: int) -> PlaceOrder:
    trail_e8 = MID_E8 // 2 + number % 50_000 * CENT_E8
    return _order(Side.SELL, None, order_type=OrderType.TRAILING_STOP, trail_amount_e8=trail_e8)


def _of_one_user(number: int) -> PlaceOrder:
    return _order(Side.SELL, MID_E8 + (1 + number % 5_000) * CENT_E8, user_id="ann")


def _at_one_price(_: int) -> PlaceOrder:
    return _order(Side.SELL, MID_E8 + CENT_E8, user_id="bob")


CROWDS: dict[str, Crowd] = {
    "resting orders": _resting,
    "waiting stops": _stop,
    "trailing stops": _trailing,
    "orders of one user": _of_one_user,
    "orders at one price": _at_one_price,
}


def _place_and_cancel(number: int) -> list[Command]:
    name = f"placed-{number}"
    return [_order(Side.BUY, MID_E8 - ONE_E8, order_id=name, user_id="ann"), CancelOrder(order_id=name)]


def _amend(number: int) -> list[Command]:
    name = f"amended-{number}"
    return [
        _order(Side.BUY, MID_E8 - ONE_E8, order_id=name, user_id="ann", quantity_e8=3 * ONE_E8),
        AmendOrder(order_id=name, quantity_e8=2 * ONE_E8),
        AmendOrder(order_id=name, price_e8=MID_E8 - 2 * ONE_E8),
        AmendOrder(order_id=name, quantity_e8=4 * ONE_E8),
        CancelOrder(order_id=name),
    ]


def _immediate_or_cancel(_: int) -> list[Command]:
    return [
        _order(Side.SELL, MID_E8, user_id="cat"),
        _order(Side.BUY, MID_E8, quantity_e8=2 * ONE_E8, time_in_force=TimeInForce.IOC, user_id="ann"),
    ]


def _fill_or_kill(mode: SelfTradePrevention, number: int) -> list[Command]:
    """Ask for more than the limit reaches, where behind all others an order of one's own rests."""
    own, beyond, far_e8 = f"own-{number}", f"beyond-{number}", 2 * MID_E8
    return [
        _order(Side.SELL, 3 * MID_E8, order_id=beyond, quantity_e8=MORE_THAN_ALL_E8),
        _order(Side.SELL, far_e8, order_id=own, user_id="ann"),
        _order(
            Side.BUY,
            far_e8,
            quantity_e8=MORE_THAN_ALL_E8,
            time_in_force=TimeInForce.FOK,
            user_id="ann",
            self_trade_prevention=mode,
        ),
        CancelOrder(order_id=own),
        CancelOrder(order_id=beyond),
    ]


def _fill_or_kill_behind_own(number: int) -> list[Command]:
    return _fill_or_kill(SelfTradePrevention.CANCEL_NEWEST, number)


def _fill_or_kill_passing_own(number: int) -> list[Command]:
    return _fill_or_kill(SelfTradePrevention.CANCEL_OLDEST, number)


def _fill_or_kill_at_the_price(number: int) -> list[Command]:
    beyond, _, *others = _fill_or_kill_behind_own(number)
    return [beyond, _order(Side.SELL, MID_E8 + CENT_E8, order_id=f"own-{number}", user_id="ann"), *others]


def _trade_at_new_price(number: int) -> list[Command]:
    """Trade at a price better than any before: every trailing stop follows it."""
    price_e8 = MID_E8 + number * CENT_E8
    return [_order(Side.SELL, price_e8), _order(Side.BUY, price_e8)]


def _trade_at_the_one_price(_: int) -> list[Command]:
    return [_order(Side.BUY, None), _at_one_price(0)]


ACTS: dict[str, Act] = {
    "place and cancel": _place_and_cancel,
    "amend": _amend,
    "IOC": _immediate_or_cancel,
    "FOK that an own order ends": _fill_or_kill_behind_own,
    "FOK that passes own orders": _fill_or_kill_passing_own,
}
CASES: dict[str, Case] = {
    **{f"{crowd}: {act}": Case(CROWDS[crowd], ACTS[act]) for crowd in CROWDS for act in ACTS},
    "waiting stops: a trade at a new price": Case(_stop, _trade_at_new_price),
    "trailing stops: a trade at a new best price": Case(_trailing, _trade_at_new_price),
    "orders at one price: a trade": Case(_at_one_price, _trade_at_the_one_price),
    "orders at one price: FOK that an own order behind them ends": Case(_at_one_price, _fill_or_kill_at_the_price),
}


def main() -> None:
    """Measure every case at every size."""
    arguments = _arguments()
    conditions = conditions_now()
    costs: dict[str, dict[int, float]] = {name: {} for name in CASES if arguments.only in name}
    for crowd in CROWDS.values():
        names = [name for name in costs if CASES[name].waiting is crowd]
        for size in arguments.sizes if names else ():
            engine = filled(crowd, size)
            for name in names:
                costs[name][size] = microseconds(engine, CASES[name].measured, arguments.commands)
    figures: Figures = {name: _told(by_size) for name, by_size in costs.items()}
    report("bounded-cost", conditions, {"cases": figures}, save=arguments.save)
    grown = [name for name, by_size in costs.items() if growth(by_size) > GROWTH_MAX]
    if grown:
        sys.exit(f"grows by more than {GROWTH_MAX}: {'; '.join(grown)}")


def growth(costs: dict[int, float]) -> float:
    """Compare the dearest size with the cheapest."""
    return max(costs.values()) / min(costs.values())


def microseconds(engine: MatchingEngine, act: Act, commands: int) -> float:
    """Return the processor's time of one command: the least of several rounds."""
    numbers = iter(range(1, 1 << 60))
    _take(engine, act, numbers, commands // 10)
    gc.collect()
    gc.disable()
    try:
        return min(_take(engine, act, numbers, commands) for _ in range(ROUNDS))
    finally:
        gc.enable()


def filled(crowd: Crowd, size: int) -> MatchingEngine:
    """Make an engine in which so many orders wait, each user with limits."""
    engine = MatchingEngine()
    first: list[Command] = [
        Configure(trades_max=10_000, iceberg_slices_max=100, max_live_orders=10_000_000),
        SetRiskLimits(user_id="*", max_open_orders=10**9, max_position_e8=10**20),
        _order(Side.SELL, MID_E8),
        _order(Side.BUY, MID_E8),
    ]
    for command in first:
        _apply(engine, command)
    for number in range(size):
        _apply(engine, crowd(number))
    return engine


def _take(engine: MatchingEngine, act: Act, numbers: Iterator[int], commands: int) -> float:
    """Measure some commands; return the microseconds of each."""
    prepared: list[Command] = []
    while len(prepared) < commands:
        prepared += act(next(numbers))
    started = time.process_time_ns()
    for command in prepared:
        _apply(engine, command)
    return (time.process_time_ns() - started) / 1_000 / len(prepared)


def _apply(engine: MatchingEngine, command: Command) -> None:
    sequence = engine.sequence + 1
    engine.apply(command, sequence, sequence)


def _told(costs: dict[int, float]) -> Figures:
    return {
        "microseconds_a_command": {str(size): round(cost, 2) for size, cost in costs.items()},
        "growth": round(growth(costs), 2),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bounded_cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--commands", type=int, default=COMMANDS)
    parser.add_argument("--only", default="", help="measure the cases with this in their name")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
