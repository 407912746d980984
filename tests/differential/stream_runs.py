"""Runs random streams beside the naive exchange, in any process, and counts the situations they reach."""

from collections import Counter
from random import Random

from order_engine.matching.events import Event, OrderState, StateChanged, TradeExecuted
from order_engine.matching.fill_or_kill import LOOKS_MAX
from tests.naive.agreement import assert_replays_alike, run_beside_naive
from tests.naive.random_commands import RandomCommands

COMMANDS = 2_700


def run_streams(seeds: list[int]) -> Counter[str]:
    """Require that each stream agrees and replays; count events, reasons, statuses and situations."""
    met: Counter[str] = Counter()
    for seed in seeds:
        steps = list(RandomCommands(seed).steps(COMMANDS))
        run = run_beside_naive(steps, f"seed {seed}", looks_max=LOOKS_MAX * (seed % 2))
        assert_replays_alike(run, steps, run.dump_point(Random(seed)), f"seed {seed}")
        met += run.met
        for events in run.events:
            for event in events:
                met.update(names_in(event))
    return met


def names_in(event: Event) -> set[str]:
    """Return the event's kind and the reason, statuses and session state in it."""
    names = {f"event {event.__struct_config__.tag}"}
    orders: list[OrderState] = [event.buy, event.sell] if isinstance(event, TradeExecuted) else []
    order = getattr(event, "order", None)
    if order is not None:
        orders.append(order)
    reasons = [getattr(event, "reason", None), *(order.reason for order in orders)]
    names |= {f"reason {reason}" for reason in reasons if reason is not None}
    names |= {f"status {order.status}" for order in orders}
    if isinstance(event, StateChanged):
        names.add(f"state {event.state}")
    return names
