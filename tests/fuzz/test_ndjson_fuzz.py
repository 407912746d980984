"""A damaged stream of orders: each line is read as if alone, or is a dead letter; the books are sound."""

import io
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.matching.commands import Command
from order_engine.matching.engine import MatchingEngine
from order_engine.streams.dead_letters import DeadLetters
from order_engine.streams.ndjson_source import BYTE_ORDER_MARK, NdjsonSource
from order_engine.streams.notices import Notices
from tests.fuzz.mutations import MUTATIONS, Mutation, mutate_all
from tests.invariants import check_engine
from tests.unit.streams.stream_fixtures import InputInPieces, create, stream

NOBODY = partial(Notices, io.StringIO())
WRITTEN = stream(
    create("a", side="SELL", price="101.00"),
    create("b", quantity="3"),
    {"type": "amend", "order_id": "b", "price": "101.00"},
    {"type": "instrument", "symbol": "MSFT", "tick_size": "0.05", "lot_size": "10"},
    create("c", symbol="MSFT", quantity="20", price="1.05", time_in_force="IOC"),
    create("d", user_id="ann", client_order_id="mine"),
    {"type": "cancel", "order_id": "a"},
    {"type": "cancel_all", "user_id": "ann"},
)


def commands_in(text: bytes) -> tuple[list[Command], int]:
    """Read a stream to its end; return its commands and the number of dead letters."""
    dead_letters = DeadLetters(None, NOBODY("dead letters"))
    source = NdjsonSource(InputInPieces([text[:100], text[100:]]), dead_letters, NOBODY("gaps"))
    commands = [received.command for batch in source.batches() for received in batch]
    return commands, dead_letters.count + source.duplicates


@settings(max_examples=500, deadline=None)
@given(mutations=st.lists(MUTATIONS, min_size=1, max_size=6))
def test_mutated_stream_is_read_line_by_line_into_sound_books(mutations: list[Mutation]) -> None:
    text = mutate_all(WRITTEN, mutations)
    lines = text.removeprefix(BYTE_ORDER_MARK).split(b"\n")

    commands, aside = commands_in(text)

    alone = [command for line in lines for command in commands_in(b" " + line)[0]]
    assert commands == alone
    assert len(commands) + aside + sum(not line.strip() for line in lines) == len(lines)
    require_sound_books(commands)


def require_sound_books(commands: list[Command]) -> None:
    engine = MatchingEngine()
    for sequence, command in enumerate(commands, start=1):
        engine.apply(command, sequence, sequence)
        check_engine(engine)
