"""The net has no holes: bugs planted in the core, one at a time, are caught by the random streams.

Each bug is a piece of a method's source put in place of another. Where the core is rewritten so that the piece is gone,
the test says so: plant the same bug in the new code.
"""

import inspect
import textwrap
from collections.abc import Callable
from random import Random
from types import ModuleType
from typing import Any

import pytest

from order_engine.matching import admission, engine, engine_state
from order_engine.matching.book_side import BookSide
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.price_level import PriceLevel
from tests.naive import agreement
from tests.naive.agreement import agreed_events, assert_replays_alike
from tests.naive.random_commands import RandomCommands

SEEDS = range(10)
COMMANDS = 1_000
Owner = type | ModuleType
Planted = tuple[Owner, str, str, str]

WRONG_EVENTS: dict[str, Planted] = {
    "the last in is the first out": (BookSide, "add", "level.append(order)", "push_in_front(level, order)"),
    "a trade is at the taker's price": (
        OrderBook,
        "_trade",
        "price_e8 = level.price_ticks",
        "price_e8 = (taker.price_ticks or level.price_ticks)",
    ),
    "an order trades a tick through its limit": (OrderBook, "_cross", "> limit_rank", "> limit_rank + 1"),
    "an order does not trade at its limit itself": (OrderBook, "_cross", "> limit_rank", ">= limit_rank"),
    "the worst price comes first": (BookSide, "best", "heap[0]", "max(self.levels, default=heap[0])"),
    "less at the same price loses its place": (OrderBook, "amend", "quantity_lots <= order.quantity_lots", "False"),
    "more at the same price keeps its place": (
        OrderBook,
        "amend",
        "price_ticks == order.price_ticks and quantity_lots <= order.quantity_lots",
        "price_ticks == order.price_ticks",
    ),
    "an amended order does not match": (OrderBook, "_requeue", "self._cross(order, outcome)", "pass"),
    "amending under what is filled is a plain cancel": (
        OrderBook,
        "amend",
        "Reason.AMENDED_BELOW_FILLED",
        "Reason.USER_REQUESTED",
    ),
    "amending to exactly what is filled goes on": (OrderBook, "amend", "<= order.filled_lots", "< order.filled_lots"),
    "a FOK order fills in part": (OrderBook, "_fills_whole", "return opposite", "return True or opposite"),
    "a FOK order counts beyond its limit": (BookSide, "quantity_within", "rank <= limit_rank", "True"),
    "a FOK order wants more than it needs": (OrderBook, "_fills_whole", ">= order", "> order"),
    "an IOC remainder rests": (OrderBook, "place", "is TimeInForce.IOC", "is None"),
    "post-only may lock the book": (OrderBook, "would_take", "best.rank <=", "best.rank <"),
    "a post-only order may be amended to cross": (admission, "refusal_of_amend", "order.placed.post_only", "False"),
    "a refused amend for its lot passes": (
        admission,
        "refusal_of_amend",
        "quantity_e8 % instrument.lot_size_e8",
        "False",
    ),
    "the tick is looked at after the lot": (
        admission,
        "refusal_of_order",
        "if price_e8 is not None and price_e8 % instrument.tick_size_e8:",
        "if price_e8 and price_e8 % instrument.tick_size_e8 and not placed.quantity_e8 % instrument.lot_size_e8:",
    ),
    "an id of a live order is taken again": (LiveOrders, "has_id_of", "in self.by_id", "in ()"),
    "a client's id of a live order is taken again": (LiveOrders, "has_id_of", "in self.by_client_id", "in ()"),
    "an unnamed order takes a live order's name": (
        LiveOrders,
        "has_id_of",
        "(placed.order_id or str(sequence))",
        "placed.order_id",
    ),
    "a wrong symbol is overlooked": (LiveOrders, "named_by", "command.symbol != order.placed.symbol", "False"),
    "a mass cancel forgets its side": (
        MatchingEngine,
        "_cancel_all",
        "and command.side in (None, placed.side)",
        "",
    ),
    "a mass cancel goes backwards": (MatchingEngine, "_cancel_all", "(command.user_id)", "(command.user_id)[::-1]"),
    "a filled maker stays in the index": (OrderBook, "_trade", "self._live.remove(maker)", "pass"),
    "a stale price hides the best one": (BookSide, "add", "heappush(self._heap, rank)", "self._heap.append(rank)"),
    "trades are numbered from nothing": (OrderBook, "_trade", "outcome.next_trade_id()", 'f"{outcome.sequence}-0"'),
    "buyer and seller change places": (OrderBook, "_trade", "taker.side is Side.BUY", "taker.side is Side.SELL"),
    "the tick changes while an order lives": (
        MatchingEngine,
        "_set_instrument",
        "(book.bids.levels or book.asks.levels)",
        "book.bids.levels",
    ),
    "one instrument too many is listed": (
        MatchingEngine,
        "_listable",
        ">= self.settings.max_instruments",
        "> self.settings.max_instruments",
    ),
    "a fill is not added up": (Order, "fill", "self.filled_notional += lots", "self.filled_notional = lots"),
    "what is canceled is not said": (OrderBook, "_end", "canceled_lots * self", "0 * self"),
}
WRONG_STATE: dict[str, Planted] = {
    "a dump forgets what was filled": (
        engine_state,
        "_load_order",
        "order.filled_lots = resting.filled_lots",
        "order.filled_lots = 0",
    ),
    "a dump forgets the new price": (
        engine_state,
        "_load_order",
        "order.price_ticks = resting.price_ticks",
        "pass",
    ),
    "a dump turns the queues round": (
        engine_state,
        "_dump_side",
        "for order in level]",
        "for order in reversed(list(level))]",
    ),
    "a dump forgets the settings": (
        engine_state,
        "load_engine",
        "engine.settings = state.settings",
        "pass",
    ),
    "a dump forgets the users' order of sequence": (
        engine_state,
        "load_engine",
        "key=lambda order: order.sequence",
        "key=lambda order: -order.sequence",
    ),
}


def push_in_front(level: PriceLevel, order: Order) -> None:
    """Queue an order before all others, as no exchange may."""
    waiting = list(level)
    for each in waiting:
        level.unlink(each)
    level.quantity_lots = 0
    for each in (order, *waiting):
        level.append(each)


def plant(monkeypatch: pytest.MonkeyPatch, planted: Planted) -> None:
    owner, name, right, wrong = planted
    source = textwrap.dedent(inspect.getsource(getattr(owner, name)))
    assert source.count(right) == 1, f"{name} no longer reads {right!r} once; plant this bug in the code of today"
    function: Callable[..., Any] = getattr(owner, name)  # Any: whatever the function that is bugged takes and gives
    namespace = {**function.__globals__, "push_in_front": push_in_front}
    exec(compile(f"from __future__ import annotations\n{source.replace(right, wrong)}", "planted", "exec"), namespace)
    monkeypatch.setattr(owner, name, namespace[name])
    for user in (engine, agreement):
        if isinstance(owner, ModuleType) and hasattr(user, name):
            monkeypatch.setattr(user, name, namespace[name])


def run_beside_naive_exchange() -> None:
    for seed in SEEDS:
        agreed_events(RandomCommands(seed).steps(COMMANDS), check_every=1, story=f"seed {seed}")


def dump_and_load() -> None:
    for seed in SEEDS:
        steps = list(RandomCommands(seed).steps(COMMANDS))
        assert_replays_alike(steps, dump_after=Random(seed).randrange(COMMANDS), story=f"seed {seed}")


@pytest.mark.parametrize("bug", WRONG_EVENTS)
def test_bug_planted_in_the_core_is_caught(monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    plant(monkeypatch, WRONG_EVENTS[bug])

    with pytest.raises((AssertionError, LookupError)):
        run_beside_naive_exchange()


@pytest.mark.parametrize("bug", WRONG_STATE)
def test_bug_planted_in_the_dump_is_caught(monkeypatch: pytest.MonkeyPatch, bug: str) -> None:
    plant(monkeypatch, WRONG_STATE[bug])

    with pytest.raises((AssertionError, LookupError)):
        dump_and_load()
