"""Answers are remembered for a day of command time, up to a number of events, in the state that snapshots keep."""

import gc
import tracemalloc

import pytest

from order_engine.exchange.applied import Applied
from order_engine.exchange.remembered_answers import (
    AGE_MAX_NS,
    PACKED_EVENTS_MIN,
    ROOM_EVENTS,
    SMALL_EVENTS_MAX,
    RememberedAnswer,
    RememberedAnswers,
    decode_answer,
)
from order_engine.exchange.state import ExchangeState
from order_engine.journal.record import Record, Retry
from order_engine.matching.commands import TimeInForce
from order_engine.matching.events import CancelRejected, Event
from order_engine.matching.reason import Reason
from tests.builders import buy, cancel
from tests.unit.exchange.exchanges import START_NS

LARGE = ROOM_EVENTS // 2
SMALL_IN_ALL = ROOM_EVENTS // SMALL_EVENTS_MAX


def retry(key: str, scope: str = "") -> Retry:
    return Retry(scope=scope, key=key, fingerprint=key)


def answer(key: str | None, at_ns: int = START_NS, events: int = 1, scope: str = "") -> Applied:
    rejected: Event = CancelRejected("1", None, Reason.UNKNOWN_ORDER)
    of_whom = None if key is None else retry(key, scope)
    sequence = ord(key[0]) if key else 1  # Keys come in the order of the alphabet.
    record = Record(sequence=sequence, timestamp_ns=at_ns, commands=(cancel("1"),), retry=of_whom)
    return Applied(record, [[rejected] * events])


def keys(answers: RememberedAnswers) -> list[str]:
    return [remembered.record.retry.key for remembered in dumped(answers) if remembered.record.retry is not None]


def dumped(answers: RememberedAnswers) -> list[RememberedAnswer]:
    return [decode_answer(answer) for answer in answers.dump()]


@pytest.fixture
def answers() -> RememberedAnswers:
    return RememberedAnswers([])


def test_answer_is_found_under_its_scope_and_key(answers: RememberedAnswers) -> None:
    answers.remember(answer("a", scope="alice"))

    found = answers.find(retry("a", "alice"), START_NS)

    assert found is not None
    assert found.record.retry == retry("a", "alice")
    assert answers.find(retry("a", "bob"), START_NS) is None
    assert answers.find(retry("b", "alice"), START_NS) is None


def test_record_without_a_key_is_not_remembered(answers: RememberedAnswers) -> None:
    answers.remember(answer(None))

    assert dumped(answers) == []


def test_answer_is_kept_for_a_day_and_not_a_moment_longer(answers: RememberedAnswers) -> None:
    answers.remember(answer("a"))

    assert answers.find(retry("a"), START_NS + AGE_MAX_NS) is not None
    assert answers.find(retry("a"), START_NS + AGE_MAX_NS + 1) is None


def test_answers_past_their_day_leave_the_memory(answers: RememberedAnswers) -> None:
    answers.remember(answer("a"))
    answers.remember(answer("b", START_NS + 1))
    answers.remember(answer(None, START_NS + AGE_MAX_NS + 1))

    assert keys(answers) == ["b"]


def test_oldest_answers_go_when_there_are_too_many_events(answers: RememberedAnswers) -> None:
    names = [f"{number:02d}" for number in range(SMALL_IN_ALL)]
    for name in names:
        answers.remember(answer(name, events=SMALL_EVENTS_MAX))
    assert keys(answers) == names

    answers.remember(answer("next", events=0))

    assert keys(answers) == [*names[1:], "next"]


@pytest.mark.parametrize("events", [SMALL_EVENTS_MAX + 1, ROOM_EVENTS + 1])
def test_large_answer_is_kept_and_pushes_out_no_small_one(answers: RememberedAnswers, events: int) -> None:
    answers.remember(answer("a", events=SMALL_EVENTS_MAX))
    answers.remember(answer("b", events=events))
    answers.remember(answer("c"))

    assert keys(answers) == ["a", "b", "c"]
    assert answers.find(retry("b"), START_NS) is not None


def test_large_answers_have_room_of_their_own_and_the_oldest_goes(answers: RememberedAnswers) -> None:
    for name in "abc":
        answers.remember(answer(name, events=LARGE))
    assert keys(answers) == ["b", "c"]

    answers.remember(answer("d", events=ROOM_EVENTS + 1))

    assert keys(answers) == ["d"]


@pytest.mark.parametrize("events", [1, LARGE])
def test_key_used_again_after_a_day_has_one_answer(answers: RememberedAnswers, events: int) -> None:
    answers.remember(answer("a", events=LARGE))
    answers.remember(answer("a", START_NS + AGE_MAX_NS + 1, events=events))
    answers.remember(answer("b", START_NS + AGE_MAX_NS + 1, events=LARGE))

    assert keys(answers) == ["a", "b"]


def test_dumped_and_loaded_answers_go_on_as_if_nothing_had_been(answers: RememberedAnswers) -> None:
    for name, events in (("a", 1), ("b", LARGE), ("c", SMALL_EVENTS_MAX), ("d", LARGE), ("e", 1)):
        answers.remember(answer(name, events=events))
    again = RememberedAnswers(dumped(answers))
    assert keys(again) == ["a", "b", "c", "d", "e"]

    later = [answer(name, events=events) for name, events in (("f", 1), ("g", SMALL_EVENTS_MAX + 1))]
    for applied in later:
        for kept in (answers, again):
            kept.remember(applied)

    assert keys(again) == keys(answers) == ["a", "c", "d", "e", "f", "g"]


def test_answers_are_part_of_the_state_that_is_dumped() -> None:
    state = ExchangeState()
    state.apply(Record(sequence=1, timestamp_ns=START_NS, commands=(buy(),), retry=retry("a")))

    loaded = ExchangeState.load(state.dump())

    assert list(loaded.dump()) == list(state.dump())
    found = loaded.answers.find(retry("a"), START_NS)
    assert found is not None
    assert found.events == dumped(state.answers)[0].events


@pytest.mark.parametrize("events", [1, PACKED_EVENTS_MIN - 1, PACKED_EVENTS_MIN, ROOM_EVENTS])
def test_answer_is_found_as_it_was(answers: RememberedAnswers, events: int) -> None:
    applied = answer("a", events=events)
    answers.remember(applied)

    found = answers.find(retry("a"), START_NS)

    assert found is not None
    assert (found.record, found.events) == applied


def test_many_events_of_one_answer_take_little_memory() -> None:
    """Fifty batches of 1,000 orders took 53 MiB, in the exchange and in its replica."""
    state = ExchangeState()
    orders = tuple(buy(client_order_id=f"order-{number}", time_in_force=TimeInForce.IOC) for number in range(1_000))
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(10):
            before = state.sequence + 1
            record = Record(sequence=before, timestamp_ns=START_NS, commands=orders, retry=retry(f"{number}"))
            state.apply(record)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(state.answers) == 10
    assert taken < 2_000_000
