"""For any commands the engine and the naive exchange give the same events, also after a dump."""

from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.matching.commands import Command, SessionState, SetState
from order_engine.matching.events import StateChanged
from tests.naive.agreement import assert_replays_alike, run_alone, run_beside_naive
from tests.property.strategies import STREAMS, places, steps


@settings(max_examples=400, deadline=None)
@given(commands=STREAMS)
def test_any_commands_give_the_events_of_the_naive_exchange(commands: list[Command]) -> None:
    run_beside_naive(steps(commands), "hypothesis")


@settings(max_examples=150, deadline=None)
@given(commands=STREAMS, part=st.integers(0, 60))
def test_any_commands_replay_to_the_same_state(commands: list[Command], part: int) -> None:
    placed = steps(commands)

    assert_replays_alike(run_alone(placed), placed, min(part, len(commands)), "hypothesis")


@settings(max_examples=200, deadline=None)
@given(called=st.lists(places(), min_size=2, max_size=30))
def test_any_call_ends_in_the_auction_of_the_naive_exchange(called: list[Command]) -> None:
    call, opening = (SetState(symbol="AAA", state=state) for state in (SessionState.PRE_OPEN, SessionState.OPEN))

    run = run_beside_naive(steps([call, *called, opening]), "hypothesis")

    assert StateChanged("AAA", SessionState.OPEN) in run.events[-1]
