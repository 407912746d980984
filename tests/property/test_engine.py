"""Whatever the commands: the engine says what the naive exchange says, and goes on from a dump as if nothing were."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.matching.commands import Command
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.engine_state import EngineState, dump_engine, load_engine, state_hash
from tests.naive.agreement import agreed_events, assert_replays_alike
from tests.naive.ledger import Ledger
from tests.property.strategies import COMMANDS, steps


@settings(max_examples=300, deadline=None)
@given(commands=st.lists(COMMANDS, min_size=2, max_size=60))
def test_any_commands_give_the_events_of_the_naive_exchange(commands: list[Command]) -> None:
    ledger = Ledger()

    for events in agreed_events(steps(commands), check_every=1, story="hypothesis"):
        ledger.watch(events)

    assert ledger.bought_e8 == ledger.sold_e8


@settings(max_examples=150, deadline=None)
@given(commands=st.lists(COMMANDS, max_size=60), part=st.integers(0, 60))
def test_any_commands_replay_to_the_same_state(commands: list[Command], part: int) -> None:
    assert_replays_alike(steps(commands), dump_after=min(part, len(commands)), story="hypothesis")


@settings(max_examples=100, deadline=None)
@given(commands=st.lists(COMMANDS, max_size=40))
def test_a_dump_survives_being_written_as_json(commands: list[Command]) -> None:
    engine = MatchingEngine()
    for step in steps(commands):
        engine.apply(step.command, step.sequence, step.timestamp_ns)

    written = msgspec.json.encode(dump_engine(engine))
    loaded = load_engine(msgspec.json.decode(written, type=EngineState))

    assert state_hash(loaded) == state_hash(engine)
