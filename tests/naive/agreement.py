"""Runs commands through the engine and the naive exchange side by side and stops at the first word they differ in."""

from collections.abc import Iterable

from order_engine.matching.engine import MatchingEngine
from order_engine.matching.engine_state import dump_engine, load_engine, state_hash
from order_engine.matching.events import Event
from order_engine.matching.invariants import check_engine
from tests.naive.naive_exchange import NaiveExchange
from tests.naive.random_commands import Step


class Disagreement(AssertionError):
    """The engine said something else than the naive exchange."""


def agreed_events(steps: Iterable[Step], check_every: int, story: str) -> list[list[Event]]:
    """Apply all steps to both; return what both said, or raise with the ``story`` that led there.

    The engine's invariants are checked after every ``check_every`` commands and at the end.
    """
    engine, naive = MatchingEngine(), NaiveExchange()
    said: list[list[Event]] = []
    for position, step in enumerate(steps, start=1):
        events = engine.apply(step.command, step.sequence, step.timestamp_ns)
        expected = naive.apply(step.command, step.sequence, step.timestamp_ns)
        if events != expected:
            raise Disagreement(f"{story}, command {position}: {step}\nengine: {events}\nnaive:  {expected}")
        if position % check_every == 0:
            check_engine(engine)
        said.append(events)
    check_engine(engine)
    _assert_same_books(engine, naive, story)
    return said


def assert_replays_alike(steps: list[Step], dump_after: int, story: str) -> None:
    """Show that live, replayed from empty, and gone on from a dump, the state hash and the events are the same."""
    live, replayed, halfway = MatchingEngine(), MatchingEngine(), MatchingEngine()
    said = [live.apply(step.command, step.sequence, step.timestamp_ns) for step in steps]
    assert said == [replayed.apply(step.command, step.sequence, step.timestamp_ns) for step in steps], story
    for step in steps[:dump_after]:
        halfway.apply(step.command, step.sequence, step.timestamp_ns)
    loaded = load_engine(dump_engine(halfway))
    assert state_hash(loaded) == state_hash(halfway), f"{story}, loaded after {dump_after}"
    check_engine(loaded)
    rest = [loaded.apply(step.command, step.sequence, step.timestamp_ns) for step in steps[dump_after:]]
    assert rest == said[dump_after:], f"{story}, loaded after {dump_after}"
    check_engine(loaded)
    assert state_hash(live) == state_hash(replayed) == state_hash(loaded), f"{story}, loaded after {dump_after}"


def _assert_same_books(engine: MatchingEngine, naive: NaiveExchange, story: str) -> None:
    assert set(engine.books) == set(naive.books), story
    for symbol, book in engine.books.items():
        for side, expected in ((book.bids, naive.books[symbol].buys), (book.asks, naive.books[symbol].sells)):
            resting = [order.state() for level in side.best_first() for order in level]
            assert resting == [order.state() for order in expected], f"{story}, book of {symbol}"
