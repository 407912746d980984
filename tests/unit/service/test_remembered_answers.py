"""Answers are remembered for a day of command time, up to a number of events, in the state that snapshots keep."""

import pytest

from order_engine.journal.record import Record, Retry
from order_engine.matching.events import CancelRejected, Event
from order_engine.matching.reason import Reason
from order_engine.service.applied import Applied
from order_engine.service.exchange_state import ExchangeState
from order_engine.service.remembered_answers import AGE_MAX_NS, EVENTS_MAX, RememberedAnswers
from tests.builders import buy, cancel
from tests.unit.service.exchanges import START_NS

HALF = EVENTS_MAX // 2


def retry(key: str, scope: str = "") -> Retry:
    return Retry(scope=scope, key=key, fingerprint=key)


def answer(key: str | None, at_ns: int = START_NS, events: int = 1, scope: str = "") -> Applied:
    rejected: Event = CancelRejected("1", None, Reason.UNKNOWN_ORDER)
    of_whom = None if key is None else retry(key, scope)
    record = Record(sequence=1, timestamp_ns=at_ns, commands=(cancel("1"),), retry=of_whom)
    return Applied(record, [[rejected] * events])


def keys(answers: RememberedAnswers) -> list[str]:
    return [remembered.record.retry.key for remembered in answers.dump() if remembered.record.retry is not None]


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

    assert answers.dump() == []


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
    answers.remember(answer("a", events=HALF))
    answers.remember(answer("b", events=HALF))
    assert keys(answers) == ["a", "b"]

    answers.remember(answer("c", events=0))

    assert keys(answers) == ["b", "c"]


def test_answer_larger_than_all_the_room_is_not_kept(answers: RememberedAnswers) -> None:
    answers.remember(answer("a"))
    answers.remember(answer("b", events=EVENTS_MAX + 1))

    assert keys(answers) == []


def test_key_used_again_after_a_day_has_one_answer(answers: RememberedAnswers) -> None:
    answers.remember(answer("a", events=HALF))
    answers.remember(answer("a", START_NS + AGE_MAX_NS + 1, events=HALF))
    answers.remember(answer("b", START_NS + AGE_MAX_NS + 1, events=HALF))

    assert keys(answers) == ["a", "b"]


def test_dumped_and_loaded_answers_go_on_as_if_nothing_had_been(answers: RememberedAnswers) -> None:
    for name in "abc":
        answers.remember(answer(name, events=HALF // 2))
    again = RememberedAnswers(answers.dump())

    for kept in (answers, again):
        kept.remember(answer("d", events=HALF))

    assert keys(again) == keys(answers) == ["b", "c", "d"]


def test_answers_are_part_of_the_state_that_is_dumped() -> None:
    state = ExchangeState()
    state.apply(Record(sequence=1, timestamp_ns=START_NS, commands=(buy(),), retry=retry("a")))

    loaded = ExchangeState.load(state.dump())

    assert loaded.dump() == state.dump()
    found = loaded.answers.find(retry("a"), START_NS)
    assert found is not None
    assert found.events == state.answers.dump()[0].events
