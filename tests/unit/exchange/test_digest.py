"""The same events give the same digests from any start; one different event changes them."""

import pytest

from order_engine.exchange.applied import Applied
from order_engine.exchange.digest import INTERVAL, KEPT_INTERVALS, RunningDigest
from order_engine.journal.record import Record
from order_engine.matching.events import CancelRejected
from order_engine.matching.reason import Reason
from tests.builders import cancel
from tests.unit.exchange.exchanges import START_NS

END = 3 * INTERVAL + 10


def applied(sequence: int, count: int = 1, order_id: str = "1") -> Applied:
    commands = tuple(cancel(order_id) for _ in range(count))
    record = Record(sequence=sequence, timestamp_ns=START_NS, commands=commands)
    return Applied(record, [[CancelRejected(order_id, None, Reason.UNKNOWN_ORDER)]] * count)


def digest_of(history: list[Applied], after_sequence: int = 0) -> RunningDigest:
    digest = RunningDigest(after_sequence)
    for each in history:
        if each.record.sequence > after_sequence:
            digest.add(each)
    return digest


@pytest.fixture(scope="module")
def history() -> list[Applied]:
    return [applied(sequence) for sequence in range(1, END)]


def test_interval_is_complete_once_the_next_has_begun(history: list[Applied]) -> None:
    assert list(digest_of(history[: INTERVAL - 1]).completed) == []
    assert list(digest_of(history[:INTERVAL]).completed) == [0]
    assert list(digest_of(history).completed) == [0, 1, 2]


@pytest.mark.parametrize(
    ("began_after", "whole"),
    [
        (1, [1, 2]),
        (INTERVAL - 2, [1, 2]),
        (INTERVAL - 1, [1, 2]),
        (INTERVAL, [2]),
        (INTERVAL + 1, [2]),
        (2 * INTERVAL - 1, [2]),
        (2 * INTERVAL, []),
    ],
)
def test_one_that_began_later_agrees_about_every_interval_that_it_saw_whole(
    history: list[Applied], began_after: int, whole: list[int]
) -> None:
    expected = digest_of(history).completed

    found = digest_of(history, began_after).completed

    assert found == {interval: expected[interval] for interval in whole}


def test_record_over_the_end_of_an_interval_belongs_to_the_interval_of_its_last_sequence() -> None:
    history = [applied(1, INTERVAL - 2), applied(INTERVAL - 1, 5), applied(INTERVAL + 4, INTERVAL)]

    assert digest_of(history).completed.keys() == {0, 1}
    assert digest_of(history, INTERVAL - 2).completed == {1: digest_of(history).completed[1]}


def test_one_event_that_differs_shows_in_its_interval_alone(history: list[Applied]) -> None:
    other = list(history)
    other[INTERVAL + 500] = applied(INTERVAL + 501, order_id="2")

    ours, theirs = digest_of(history).completed, digest_of(other).completed

    assert [interval for interval in ours if ours[interval] != theirs[interval]] == [1]


def test_only_the_newest_intervals_are_kept() -> None:
    digest = RunningDigest(0)
    for interval in range(KEPT_INTERVALS + 3):
        digest.add(applied(interval * INTERVAL + 1))

    assert (len(digest.completed), min(digest.completed)) == (KEPT_INTERVALS, 2)
