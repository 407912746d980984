"""Runs commands through the engine and the naive exchange side by side, and stops at the first difference."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from unittest.mock import patch

from order_engine.exchange.indications import Indications
from order_engine.matching import fill_or_kill, order_book
from order_engine.matching.auction import indicate
from order_engine.matching.commands import Command, SessionState
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import Event
from order_engine.matching.order_book import OrderBook
from tests.dumps import dumped_and_loaded, engine_hash
from tests.invariants import check_book, check_engine
from tests.naive.ledger import Ledger
from tests.naive.naive_auction import find_auction_price
from tests.naive.naive_book import NaiveBook
from tests.naive.naive_exchange import NaiveExchange
from tests.naive.random_commands import Step

CHECK_ALL_EVERY = 20


class Disagreement(AssertionError):
    """The engine and the naive exchange gave different events."""


@dataclass
class Run:
    """The result of a stream: all events, the final hash, and how often each rare situation came up."""

    events: list[list[Event]]
    state_hash: str
    met: Counter[str] = field(default_factory=Counter)
    rare_after: list[int] = field(default_factory=list)

    def dump_point(self, chance: Random) -> int:
        """Choose after how many commands to dump; sometimes in a state that is rare."""
        if self.rare_after and chance.random() < 0.5:
            return chance.choice(self.rare_after)
        return chance.randrange(len(self.events))


def run_beside_naive(steps: list[Step], story: str, looks_max: int = fill_or_kill.LOOKS_MAX) -> Run:
    """Apply all steps to both and return their events, or raise with the ``story`` that led there.

    After every command the books that it touched are checked, and a ledger kept from the events alone must add up.
    With ``looks_max`` of 0 the sums of a side are made for its first FOK order; a replay does it as ever.
    """
    with patch.object(order_book, "LOOKS_MAX", looks_max):
        return _run_beside_naive(steps, story)


def _run_beside_naive(steps: list[Step], story: str) -> Run:
    engine, naive, ledger, indications = MatchingEngine(), NaiveExchange(), Ledger(), Indications()
    said: list[list[Event]] = []
    rare_after: list[int] = []
    for position, step in enumerate(steps, start=1):
        events = engine.apply(step.command, step.sequence, step.timestamp_ns)
        expected = naive.apply(step.command, step.sequence, step.timestamp_ns)
        if events != expected:
            raise Disagreement(_difference(f"{story}, command {position}: {step}", events, expected))
        ledger.watch(events)
        for symbol in sorted(_touched(step.command, events) & engine.books.keys()):
            for order in check_book(engine.books[symbol]):
                assert engine.live.find(order.order_id) is order
            _assert_same_indication(
                engine.books[symbol], naive.books[symbol], indications, f"{story}, command {position}"
            )
        if position % CHECK_ALL_EVERY == 0:
            check_engine(engine)
        said.append(events)
        if _is_rare(engine):
            rare_after.append(position)
    check_engine(engine)
    _assert_same_books(engine, naive, story)
    positions_e8 = {
        (user_id, symbol): net_e8
        for symbol, book in engine.books.items()
        for user_id, net_e8 in book.positions_e8.items()
        if net_e8
    }
    assert positions_e8 == {key: net_e8 for key, net_e8 in ledger.positions_e8.items() if net_e8}, story
    assert ledger.bought_e8 == ledger.sold_e8, story
    return Run(said, engine_hash(engine), naive.report.met, rare_after)


def run_alone(steps: list[Step]) -> Run:
    """Apply all steps to an engine."""
    engine = MatchingEngine()
    run = Run([], "")
    for position, step in enumerate(steps, start=1):
        run.events.append(engine.apply(step.command, step.sequence, step.timestamp_ns))
        if _is_rare(engine):
            run.rare_after.append(position)
    run.state_hash = engine_hash(engine)
    return run


def _is_rare(engine: MatchingEngine) -> bool:
    """Whether stops wait for their turn, or everybody is disabled: seldom, and not for long."""
    return engine.unfinished is not None or engine.accounts.everybody_is_disabled


def assert_replays_alike(run: Run, steps: list[Step], dump_after: int, story: str) -> None:
    """Require that the same steps give the same events and state from empty and from a dump."""
    story = f"{story}, loaded after {dump_after}"
    replayed = MatchingEngine()
    for step, said in zip(steps[:dump_after], run.events, strict=False):
        assert replayed.apply(step.command, step.sequence, step.timestamp_ns) == said, story
    loaded = dumped_and_loaded(replayed)
    assert engine_hash(loaded) == engine_hash(replayed), story
    check_engine(loaded)
    for step, said in zip(steps[dump_after:], run.events[dump_after:], strict=True):
        assert replayed.apply(step.command, step.sequence, step.timestamp_ns) == said, story
        assert loaded.apply(step.command, step.sequence, step.timestamp_ns) == said, story
    check_engine(loaded)
    assert run.state_hash == engine_hash(replayed) == engine_hash(loaded), story


def _difference(story: str, events: list[Event], expected: list[Event]) -> str:
    first = next(
        (place for place, pair in enumerate(zip(events, expected, strict=False)) if pair[0] != pair[1]),
        min(len(events), len(expected)),
    )
    return f"{story}\nfrom event {first}\nengine: {events[first:]}\nnaive:  {expected[first:]}"


def _touched(command: Command, events: list[Event]) -> set[str]:
    """Return the symbols in a command and its events."""
    symbols = {getattr(command, "symbol", None)}
    for event in events:
        order = getattr(event, "order", None)
        symbols.add(getattr(event, "symbol", None) if order is None else order.placed.symbol)
    return {symbol for symbol in symbols if symbol is not None}


def _assert_same_indication(book: OrderBook, theirs: NaiveBook, indications: Indications, story: str) -> None:
    if book.state is not SessionState.PRE_OPEN:
        return
    assert indications.of(book) == Indications().of(book), f"{story}: a change went unseen"
    indicated, found = indicate(book), find_auction_price(theirs.buys, theirs.sells, theirs.last_price_e8)
    if indicated is None or found is None:
        assert indicated is found, f"{story}: one of them would hold an auction"
        return
    tick_e8, lot_e8 = book.instrument.tick_size_e8, book.instrument.lot_size_e8
    assert (
        indicated.price_ticks * tick_e8,
        indicated.quantity_lots * lot_e8,
        indicated.imbalance_lots * lot_e8,
    ) == (found.price_e8, found.executable_e8, found.imbalance_e8), f"{story}: another auction"


def _assert_same_books(engine: MatchingEngine, naive: NaiveExchange, story: str) -> None:
    assert set(engine.books) == set(naive.books), story
    for symbol, book in engine.books.items():
        theirs = naive.books[symbol]
        assert book.state is theirs.state, f"{story}, session of {symbol}"
        assert _shown(book) == _naively_shown(theirs), f"{story}, book of {symbol}"


def _shown(book: OrderBook) -> list[object]:
    lot_e8 = book.instrument.lot_size_e8
    resting = [
        [(order.state(), order.shown_lots * lot_e8) for level in side.best_first() for order in level]
        for side in (book.bids, book.asks)
    ]
    return [*resting, [book.stops.orders[sequence].state() for sequence in sorted(book.stops.orders)]]


def _naively_shown(book: NaiveBook) -> list[object]:
    resting = [[(order.state(), order.shown_e8) for order in side] for side in (book.buys, book.sells)]
    return [*resting, [order.state() for order in book.stops]]
