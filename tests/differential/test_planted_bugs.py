"""The random streams find every bug that is planted in the engine, one at a time."""

import inspect
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from random import Random
from types import ModuleType
from typing import Any

import pytest

from order_engine.matching.fill_or_kill import LOOKS_MAX
from order_engine.matching.order import Order
from order_engine.matching.price_level import PriceLevel
from tests import dumps
from tests.differential.bugs_for_everybody import EVERYBODY
from tests.differential.bugs_in_bounds import BOUNDS, SUMS
from tests.differential.bugs_in_dumps import WRONG_STATE
from tests.differential.bugs_in_stops import STOPS
from tests.differential.bugs_in_terms import SETTLEMENT, TERMS
from tests.differential.planted_bugs import WRONG_EVENTS, Planted
from tests.naive import agreement
from tests.naive.agreement import Run, assert_replays_alike, run_alone, run_beside_naive
from tests.naive.random_commands import RandomCommands, Step

WRONG = BOUNDS | EVERYBODY | SETTLEMENT | SUMS | STOPS | TERMS | WRONG_EVENTS
# The last seeds reach the rarest cases: an instrument is to be delisted that has nothing but a stop; an amend changes
# nothing, of an order beyond limits that were lowered; in a dump nothing but the price of a plain order was amended.
SEEDS = (*range(60), 65, 73, 85)
COMMANDS = 1_000
CAUGHT = (AssertionError, LookupError, TypeError)


def push_in_front(level: PriceLevel, order: Order) -> None:
    """Queue an order before all others, which is wrong."""
    waiting = list(level)
    for each in waiting:
        level.shown_lots -= each.shown_lots
        level.hidden_lots -= each.hidden_lots
        level.unlink(each)
    for each in (order, *waiting):
        level.append(each)


def plant(monkeypatch: pytest.MonkeyPatch, planted: Planted) -> None:
    owner, name, right, wrong = planted
    function: Callable[..., Any] = getattr(owner, name)  # Any: whatever the function that is bugged takes and gives
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(right) == 1, f"{name} no longer reads {right!r} once; plant this bug in the code of today"
    namespace = {**function.__globals__, "push_in_front": push_in_front}
    exec(compile(f"from __future__ import annotations\n{source.replace(right, wrong)}", "planted", "exec"), namespace)
    monkeypatch.setattr(owner, name, namespace[name])
    if isinstance(owner, ModuleType):
        users = [module for path, module in sys.modules.items() if path.startswith("order_engine.matching")]
        for module in [module for module in (*users, agreement, dumps) if vars(module).get(name) is function]:
            monkeypatch.setattr(module, name, namespace[name])


@cache
def stream(seed: int) -> list[Step]:
    return list(RandomCommands(seed).steps(COMMANDS))


@cache
def right_run(seed: int) -> Run:
    """Run a stream without a bug first."""
    return run_alone(stream(seed))


def run_beside_naive_exchange(looks_max: int) -> None:
    for seed in SEEDS:
        run_beside_naive(stream(seed), f"seed {seed}", looks_max)


def dump_and_load() -> None:
    for seed in SEEDS:
        run = right_run(seed)
        assert_replays_alike(run, stream(seed), run.dump_point(Random(seed)), f"seed {seed}")


@pytest.mark.parametrize("bug", WRONG)
def test_bug_planted_in_the_engine_is_caught(monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    plant(monkeypatch, WRONG[bug])

    with pytest.raises(CAUGHT):
        run_beside_naive_exchange(0 if bug in SUMS else LOOKS_MAX)


@pytest.mark.parametrize("bug", WRONG_STATE)
def test_bug_planted_in_the_dump_is_caught(monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    plant(monkeypatch, WRONG_STATE[bug])

    with pytest.raises(CAUGHT):
        dump_and_load()
