"""The queue between publisher, projector and readers."""

from order_engine.exchange.applied import Applied
from order_engine.followers.sql.projection_queue import ProjectionQueue
from order_engine.journal.record import Record
from order_engine.matching.commands import CancelAll
from order_engine.matching.events import CancelRejected, Event
from order_engine.matching.reason import Reason


def applied(sequence: int, event_count: int = 1) -> Applied:
    record = Record(sequence=sequence, timestamp_ns=1, commands=(CancelAll(user_id="ann"),))
    events: list[Event] = [CancelRejected(None, None, Reason.UNKNOWN_ORDER)] * event_count
    return Applied(record, [events])


def sequences(batch: list[Applied]) -> list[int]:
    return [item.record.sequence for item in batch]


def filled(*event_counts: int) -> ProjectionQueue:
    queue = ProjectionQueue()
    for sequence, count in enumerate(event_counts, 1):
        queue.put(applied(sequence, count))
    return queue


def test_batch_has_whole_records_up_to_its_size() -> None:
    queue = filled(2, 2, 2)

    assert sequences(queue.wait_for_batch(4, 0, 0)) == [1, 2]


def test_record_larger_than_a_batch_is_a_batch() -> None:
    assert sequences(filled(9, 1).wait_for_batch(4, 0, 0)) == [1]


def test_items_stay_until_they_are_settled() -> None:
    queue = filled(1, 1, 1)
    queue.wait_for_batch(2, 0, 0)

    queue.settle(1)

    assert sequences(queue.wait_for_batch(9, 0, 0)) == [2, 3]
    assert queue.event_count == 2


def test_event_count_is_what_is_published_and_not_settled() -> None:
    queue = filled(3, 0, 2)
    before = queue.event_count

    queue.settle(3)

    # A record without events counts as one: it has a place in the queue.
    assert (before, queue.event_count) == (6, 0)


def test_record_that_is_settled_already_is_not_taken() -> None:
    queue = ProjectionQueue()
    queue.settle(5)

    queue.put(applied(5))
    queue.put(applied(6))

    assert sequences(queue.wait_for_batch(9, 0, 0)) == [6]
    assert queue.event_count == 1


def test_closed_queue_gives_what_is_left_and_then_nothing() -> None:
    queue = filled(1)
    queue.close()

    left = queue.wait_for_batch(9, 3600, 3600)
    queue.settle(1)

    assert sequences(left) == [1]
    assert queue.wait_for_batch(9, 3600, 3600) == []


def test_reader_does_not_wait_while_the_projection_is_in_trouble() -> None:
    queue = filled(1)
    queue.report_trouble()

    assert not queue.wait_settled(1, 3600)


def test_reader_of_what_is_settled_does_not_wait_even_in_trouble() -> None:
    queue = filled(1)
    queue.settle(1)
    queue.report_trouble()

    assert queue.wait_settled(1, 3600)
