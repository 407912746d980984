"""A sink's queue is written in batches, waits for a sink that is away, and stands still for a faulted one."""

import logging

import pytest

from order_engine.followers.progress import OK, STARTING, UNKNOWN
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.followers.sink_line import Pace, SinkLine
from tests.unit.exchange.exchanges import JOURNAL_ID
from tests.unit.followers.fakes import AT_ONCE, FakeJournal, FakeSink, HandTime

STEP_SECONDS = 0.01


@pytest.fixture
def clock() -> HandTime:
    return HandTime()


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


def new_line(sink: FakeSink, clock: HandTime, pace: Pace = AT_ONCE) -> SinkLine:
    return SinkLine(sink, pace, clock)


def opened_line(sink: FakeSink, clock: HandTime, pace: Pace = AT_ONCE) -> SinkLine:
    line = new_line(sink, clock, pace)
    line.open_if_due(JOURNAL_ID, 0)
    return line


def wait_for_retry(line: SinkLine, clock: HandTime) -> float:
    """Advance the clock until the sink is tried again; return the seconds."""
    began = clock.now
    while not line.is_due_to_open:
        clock.now += STEP_SECONDS
    return clock.now - began


def write_all(line: SinkLine) -> None:
    while line.write_if_due(hurry=True):
        pass


def test_nothing_is_taken_before_the_sink_was_opened(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    line = new_line(sink, clock)

    line.offer(journal.append())

    assert not line.write_if_due(hurry=True)
    assert (line.held_sequence, line.progress.sequence, line.progress.status) == (UNKNOWN, UNKNOWN, STARTING)


def test_records_are_written_in_batches_of_bounded_size(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    line = opened_line(sink, clock)

    line.offer(journal.append(25))
    write_all(line)

    assert sink.written == list(range(1, 26))
    assert sink.batches == [10, 10, 5]
    assert line.progress == (type(line.progress))(25, 25, OK)


def test_record_larger_than_a_batch_is_written_alone(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    line = opened_line(sink, clock)

    line.offer([*journal.append(2), *journal.append(1, orders=50), *journal.append(1)])
    write_all(line)

    assert sink.batches == [2, 1, 1]
    assert sink.sequence == 53


def test_batch_waits_for_more_only_while_more_come(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    line = opened_line(sink, clock, AT_ONCE._replace(batch_weight_max=1_000, pause_seconds=0.5, quiet_seconds=0.125))
    line.sync()
    for _ in range(8):
        line.offer(journal.append())
        clock.now += 0.0625
        line.write_if_due(hurry=False)
    assert sink.batches == [8]

    line.offer(journal.append())
    clock.now += 0.125
    line.write_if_due(hurry=False)

    assert sink.batches == [8, 1]


def test_batch_waits_for_more_until_it_is_old_large_or_somebody_hurries(
    sink: FakeSink, clock: HandTime, journal: FakeJournal
) -> None:
    line = opened_line(sink, clock, AT_ONCE._replace(pause_seconds=0.5, quiet_seconds=0.5))
    line.sync()
    line.offer(journal.append())
    assert not line.write_if_due(hurry=False)
    clock.now += 0.5
    assert line.write_if_due(hurry=False)

    line.offer(journal.append())
    assert line.write_if_due(hurry=True)

    line.offer(journal.append(10))
    assert line.write_if_due(hurry=False)
    assert sink.sequence == 12


def test_records_that_the_sink_has_are_passed_over(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    sink.sequence = 3
    line = opened_line(sink, clock)

    line.offer(journal.append(5))
    line.offer(journal.append(1))
    write_all(line)

    assert sink.written == [4, 5, 6]


def test_records_that_do_not_join_on_are_not_taken(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    line = opened_line(sink, clock)

    line.offer(journal.append(5)[2:])

    assert line.held_sequence == 0


def test_what_was_written_is_synced_every_so_often(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    line = opened_line(sink, clock, AT_ONCE._replace(sync_seconds=1.0))
    line.offer(journal.append())
    assert [line.write_if_due(hurry=False) for _ in range(3)] == [True, True, False], "written, synced at first, idle"
    line.offer(journal.append())
    assert [line.write_if_due(hurry=False) for _ in range(2)] == [True, False]
    assert (line.progress.synced_sequence, line.is_idle) == (1, False)

    clock.now += 1.0

    assert [line.write_if_due(hurry=False) for _ in range(2)] == [True, False]
    assert (line.progress.synced_sequence, line.is_idle) == (2, True)


def test_sink_that_is_away_is_tried_again_after_growing_pauses(
    sink: FakeSink, clock: HandTime, caplog: pytest.LogCaptureFixture
) -> None:
    line = new_line(sink, clock, AT_ONCE._replace(retry_seconds_first=0.1, retry_seconds_max=0.5))
    sink.error = SinkAway("the database is down")

    pauses = []
    for _ in range(5):
        line.open_if_due(JOURNAL_ID, 0)
        pauses.append(wait_for_retry(line, clock))

    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.5, 0.5], abs=2 * STEP_SECONDS)
    assert line.progress.status == "the database is down"
    assert [record.levelno for record in caplog.records] == [logging.WARNING], "told once"
    sink.error = None
    line.open_if_due(JOURNAL_ID, 0)
    assert (line.is_open, line.progress.status) == (True, OK)
    line.note_trouble(SinkAway("again"))
    assert wait_for_retry(line, clock) == pytest.approx(0.1, abs=2 * STEP_SECONDS), "the pauses are short again"


def test_sink_is_not_tried_before_its_pause_is_over(sink: FakeSink, clock: HandTime) -> None:
    line = opened_line(sink, clock)
    line.note_trouble(SinkAway("gone"))

    line.open_if_due(JOURNAL_ID, 0)

    assert (sink.opened, line.is_open) == (1, False)


def test_line_keeps_what_comes_while_its_sink_is_away_and_goes_on_where_it_was(
    sink: FakeSink, clock: HandTime, journal: FakeJournal
) -> None:
    line = opened_line(sink, clock)
    line.offer(journal.append(3))
    sink.error = SinkAway("gone")
    assert line.write_if_due(hurry=True)
    line.offer(journal.append(10))
    sink.error, clock.now = None, clock.now + 60

    line.open_if_due(JOURNAL_ID, 13)
    write_all(line)

    assert sink.written == list(range(1, 14))
    assert line.held_sequence == 13


def test_line_that_grew_too_long_is_let_go_and_says_where_it_stands(
    sink: FakeSink, clock: HandTime, journal: FakeJournal
) -> None:
    line = opened_line(sink, clock)
    line.offer(journal.append(3))
    write_all(line)
    line.note_trouble(SinkAway("gone"))

    line.offer(journal.append(20))
    held_before = line.held_sequence
    line.offer(journal.append(1))
    line.offer(journal.append(1))

    assert (held_before, line.held_sequence) == (23, 3)
    clock.now += 60
    line.open_if_due(JOURNAL_ID, 25)
    write_all(line)
    assert (line.progress.sequence, line.progress.synced_sequence) == (3, 3)


def test_commit_that_was_reported_as_failed_is_not_written_twice(
    sink: FakeSink, clock: HandTime, journal: FakeJournal
) -> None:
    line = opened_line(sink, clock)
    records = journal.append(3)
    line.offer(records)
    sink.error, sink.lies_about_commit = SinkAway("cut while it committed"), True
    line.write_if_due(hurry=True)
    assert (sink.sequence, line.progress.sequence) == (3, 0)
    sink.error, clock.now = None, clock.now + 60

    line.open_if_due(JOURNAL_ID, 3)
    line.offer(records)
    write_all(line)

    assert sink.written == [1, 2, 3]
    assert line.progress.sequence == 3


def test_sink_that_comes_back_with_less_says_so(sink: FakeSink, clock: HandTime, journal: FakeJournal) -> None:
    """A power cut lost unsynced commits, or the file was replaced."""
    line = opened_line(sink, clock)
    line.offer(journal.append(5))
    write_all(line)
    line.offer(journal.append(2))
    line.note_trouble(SinkAway("gone"))
    sink.sequence, clock.now = 2, clock.now + 60

    line.open_if_due(JOURNAL_ID, 7)

    assert (line.held_sequence, line.progress.sequence, line.progress.synced_sequence) == (2, 2, UNKNOWN)


@pytest.mark.parametrize("error", [SinkFaulted("a row is missing; rebuild"), KeyError("a mistake of ours")])
def test_faulted_sink_stands_still_for_long_and_names_what_is_wrong(
    sink: FakeSink, clock: HandTime, journal: FakeJournal, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    line = opened_line(sink, clock)
    line.offer(journal.append())
    sink.error = error

    line.write_if_due(hurry=True)

    assert (line.is_open, line.is_idle, sink.is_open) == (False, True, False)
    assert wait_for_retry(line, clock) == pytest.approx(AT_ONCE.faulted_retry_seconds, abs=2 * STEP_SECONDS)
    assert line.progress.status in ("a row is missing; rebuild", "KeyError: 'a mistake of ours'")
    assert {record.levelno for record in caplog.records} == {logging.ERROR}
    sink.error = None
    clock.now += AT_ONCE.faulted_retry_seconds
    line.open_if_due(JOURNAL_ID, 1)
    write_all(line)
    assert (sink.sequence, line.progress.status) == (1, OK)


def test_failing_sync_closes_the_sink_and_nothing_counts_as_synced(
    sink: FakeSink, clock: HandTime, journal: FakeJournal
) -> None:
    line = opened_line(sink, clock)
    line.offer(journal.append())
    line.write_if_due(hurry=False)
    sink.error = SinkAway("the disk is full")

    line.sync()

    assert (line.progress.sequence, line.progress.synced_sequence) == (1, UNKNOWN)
    assert line.progress.status == "the disk is full"


def test_sink_that_cannot_even_be_closed_holds_up_nobody(clock: HandTime, caplog: pytest.LogCaptureFixture) -> None:
    class Stuck(FakeSink):
        def close(self) -> None:
            raise RuntimeError("cannot be closed")

    line = opened_line(Stuck(), clock)

    line.note_trouble(SinkAway("gone"))
    line.close()

    assert line.progress.status == "gone"
    assert "could not be closed" in caplog.text


def test_open_sink_that_is_slow_is_full_until_it_has_written(
    sink: FakeSink, clock: HandTime, journal: FakeJournal
) -> None:
    line = opened_line(sink, clock)
    line.offer(journal.append(1, orders=15))
    assert not line.is_full
    line.offer(journal.append(1, orders=15))
    assert line.is_full

    write_all(line)

    assert not line.is_full
    line.offer(journal.append(1, orders=50))
    line.note_trouble(SinkAway("gone"))
    assert not line.is_full, "one that is away holds up nobody"
