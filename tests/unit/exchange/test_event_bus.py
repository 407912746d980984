"""The event bus publishes in sequence, from one thread, and never what is not on disk."""

from threading import current_thread

import pytest

from order_engine.exchange.applied import Applied
from order_engine.exchange.event_bus import EventBus
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import Recorder, wait_until
from tests.unit.journal.journal_fixtures import cancels, open_writer, write


@pytest.fixture
def disk() -> FakeDisk:
    return FakeDisk()


def applied(sequence: int, count: int = 1) -> Applied:
    return Applied(cancels(sequence, count), [[] for _ in range(count)])


def test_records_are_published_to_everybody_in_sequence_from_one_thread(disk: FakeDisk) -> None:
    threads = set()

    class Noting(Recorder):
        def publish(self, applied: Applied) -> None:
            threads.add(current_thread().name)
            super().publish(applied)

    journal, subscribers = open_writer(disk), [Noting(), Noting()]
    bus = EventBus(journal, subscribers, on_failure=lambda _: None)
    bus.start()
    for sequence in range(1, 51):
        bus.enqueue(applied(sequence))
        write(journal, cancels(sequence))
    journal.close()
    bus.join()

    assert [subscriber.sequences for subscriber in subscribers] == [list(range(1, 51))] * 2
    assert threads == {"event-bus"}


def test_record_that_is_durable_only_in_part_waits(disk: FakeDisk) -> None:
    journal, recorder = open_writer(disk), Recorder()
    bus = EventBus(journal, [recorder], on_failure=lambda _: None)
    bus.start()
    for record in (cancels(1), cancels(2, count=3)):
        bus.enqueue(Applied(record, []))
        journal.append(record)

    assert recorder.sequences == []
    journal.wait_durable(4)
    recorder.wait_for(4)
    journal.close()
    bus.join()
    assert recorder.sequences == [1, 2]


def test_what_a_failed_fsync_leaves_in_doubt_is_never_published(disk: FakeDisk) -> None:
    journal, recorder = open_writer(disk), Recorder()
    bus = EventBus(journal, [recorder], on_failure=lambda _: None)
    bus.start()
    bus.enqueue(applied(1))
    write(journal, cancels(1))
    disk.fail("sync", OSError("gone"))
    bus.enqueue(applied(2))
    journal.append(cancels(2))
    with pytest.raises(Exception, match="gone"):
        journal.wait_durable(2)
    bus.join()

    assert recorder.sequences == [1]


def test_bus_begins_after_what_the_journal_had(disk: FakeDisk) -> None:
    journal = open_writer(disk)
    write(journal, cancels(1), cancels(2))
    recorder = Recorder()
    bus = EventBus(journal, [recorder], on_failure=lambda _: None)
    bus.start()
    bus.enqueue(applied(3))
    write(journal, cancels(3))
    journal.close()
    bus.join()

    assert recorder.sequences == [3]


def test_subscriber_that_raises_is_reported_once_and_ends_the_publishing(disk: FakeDisk) -> None:
    class Broken:
        def publish(self, applied: Applied) -> None:
            raise ValueError(f"cannot take {applied.record.sequence}")

    failures: list[Exception] = []
    journal, recorder = open_writer(disk), Recorder()
    bus = EventBus(journal, [recorder, Broken()], failures.append)
    bus.start()
    for sequence in (1, 2):
        bus.enqueue(applied(sequence))
        write(journal, cancels(sequence))
    wait_until(lambda: bool(failures))
    journal.close()
    bus.join()

    assert [str(failure) for failure in failures] == ["cannot take 1"]
    assert recorder.sequences == [1]
