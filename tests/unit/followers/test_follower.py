"""The follower reads each record once for sinks at different sequences, and goes back only for one that fell behind."""

import pytest

from order_engine.followers.follower import READ_WEIGHT_MAX, Follower
from order_engine.followers.progress import OK
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.followers.sink_line import SinkLine
from order_engine.followers.snapshot_taker import SnapshotTaker
from order_engine.journal.watermark import MemoryWatermark
from tests.builders import buy, sell
from tests.unit.exchange.exchanges import JOURNAL_ID
from tests.unit.followers.fakes import AT_ONCE, FakeDumps, FakeJournal, FakeSink, HandTime

STEPS_MAX = 1_000


class Following:
    """A follower with two sinks, its journal and its clock."""

    def __init__(self) -> None:
        self.journal, self.clock, self.dumps = FakeJournal(), HandTime(), FakeDumps()
        self.watermark = MemoryWatermark()
        self.sql, self.audit = FakeSink("sql"), FakeSink("audit")
        self.begin()

    def begin(self) -> None:
        """Start as a new process; the sinks keep their records."""
        lines = [SinkLine(sink, AT_ONCE, self.clock) for sink in (self.sql, self.audit)]
        taker = SnapshotTaker(self.dumps.begin)
        self.follower = Follower(JOURNAL_ID, self.journal.end, self.journal.replica, lines, taker, self.watermark)

    def append(self, count: int, orders: int = 1) -> None:
        """Append records that are visible and synced at once."""
        self.journal.append(count, orders)
        self.watermark.move(self.journal.end, self.journal.end)

    def run(self) -> None:
        """Step until there is nothing to do."""
        for _ in range(STEPS_MAX):
            if not self.follower.step():
                return
        pytest.fail("the follower is never done")

    def wait_out(self) -> None:
        """Let every pause pass, then step."""
        self.clock.now += 3_600
        self.run()


@pytest.fixture
def following() -> Following:
    return Following()


def test_every_record_reaches_every_sink_once(following: Following) -> None:
    following.append(2 * READ_WEIGHT_MAX + 3)

    following.run()

    assert following.sql.written == following.audit.written == list(range(1, 2 * READ_WEIGHT_MAX + 4))
    assert following.follower.replica_sequence == following.journal.end
    assert following.journal.loads == [0]
    assert following.follower.reads_open


def test_nothing_beyond_the_watermark_is_read(following: Following) -> None:
    following.append(3)
    following.journal.append(2)

    following.run()

    assert following.sql.written == following.audit.written == [1, 2, 3]


def test_sinks_at_different_places_get_what_each_lacks(following: Following) -> None:
    following.append(4)
    following.journal.keep_snapshot()
    following.append(6)
    following.sql.sequence, following.audit.sequence = 8, 5
    following.begin()

    following.run()

    assert following.journal.loads == [4], "from the snapshot before the one that has the least"
    assert (following.sql.written, following.audit.written) == ([9, 10], [6, 7, 8, 9, 10])


def test_sinks_are_held_against_where_the_journal_ended_at_the_start_until_they_were_opened(
    following: Following,
) -> None:
    following.append(4)
    following.run()
    following.sql.error = SinkAway("the database is down")
    following.append(1)
    following.run()

    following.sql.error = None
    following.wait_out()

    assert following.sql.journal_ends == [0, 5]


def test_sink_that_is_away_for_a_while_does_not_hold_up_the_other_and_costs_no_second_reading(
    following: Following,
) -> None:
    following.append(3)
    following.run()
    following.sql.error = SinkAway("the database is down")
    following.append(5)
    following.run()
    assert following.audit.sequence == 8
    assert following.follower.progress["sql"].status == "the database is down"

    following.sql.error = None
    following.wait_out()

    assert following.sql.written == list(range(1, 9))
    assert following.journal.loads == [0]
    assert following.follower.progress["sql"].status == OK


def test_sink_that_was_away_for_long_is_read_for_again_and_the_other_gets_nothing_twice(following: Following) -> None:
    following.append(3)
    following.run()
    following.journal.keep_snapshot()
    following.sql.error = SinkAway("the database is down")
    for count in (1, AT_ONCE.waiting_weight_max):
        following.append(count)
        following.run()

    following.sql.error = None
    following.wait_out()

    assert following.journal.loads == [0, 3]
    assert following.sql.written == following.audit.written == list(range(1, following.journal.end + 1))


def test_long_step_is_announced_before_it_is_taken(following: Following) -> None:
    """Without a warning the supervisor would kill a process that loads a million orders."""
    announced: list[bool] = []
    load = following.journal.load

    def loading(sequence: int) -> object:
        announced.append(needs_long_step)
        return load(sequence)

    following.journal.load = loading  # type: ignore[assignment,method-assign]  # to look over its shoulder
    following.append(3)
    following.begin()
    for away in (None, SinkAway("down"), None):
        following.sql.error = away
        following.clock.now += 3_600
        for count in (1, AT_ONCE.waiting_weight_max):
            following.append(count)
            is_busy = True
            while is_busy:
                needs_long_step = following.follower.needs_long_step()
                is_busy = following.follower.step()

    assert announced == [True, True]
    assert following.sql.sequence == following.journal.end


def test_sink_replaced_by_an_empty_one_is_filled_from_the_beginning(following: Following) -> None:
    following.append(5)
    following.run()
    following.sql.sequence = 0
    following.sql.error = SinkAway("no such table")
    following.append(1)
    following.run()

    following.sql.error = None
    following.wait_out()

    assert following.sql.written == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6]
    assert following.audit.written == [1, 2, 3, 4, 5, 6]


def test_faulted_sink_stands_still_while_the_other_goes_on(following: Following) -> None:
    following.sql.error = SinkFaulted("orders, sequence 2: no row; rebuild")
    for _ in range(4):
        following.append(10)
        following.run()

    assert following.audit.sequence == 40
    assert following.follower.progress["sql"].status == "orders, sequence 2: no row; rebuild"
    assert not following.follower.reads_open


def test_slow_sink_keeps_the_replica_from_running_ahead(following: Following) -> None:
    following.append(READ_WEIGHT_MAX // 2, orders=AT_ONCE.batch_weight_max)
    most = 0
    for _ in range(READ_WEIGHT_MAX):
        is_busy = following.follower.step()
        most = max(most, following.follower.replica_sequence - following.sql.sequence)
        if not is_busy:
            break

    assert following.sql.sequence == following.journal.end
    assert most <= READ_WEIGHT_MAX + AT_ONCE.waiting_weight_max + AT_ONCE.batch_weight_max


def test_records_of_many_orders_or_events_are_read_few_at_a_time(following: Following) -> None:
    """500 batches of 1,000 orders were read at once: the follower was killed for its memory."""
    for _ in range(3):
        following.journal.add(*(sell(quantity="1") for _ in range(100)))
        following.journal.add(buy(quantity="100"))
    replica = following.journal.replica(0)

    read = replica.read(following.journal.end, 120)

    assert [applied.weight for applied in read] == [100, 50]
    assert replica.sequence == 101


def test_somebody_who_waits_is_served_at_once(following: Following) -> None:
    slow = AT_ONCE._replace(pause_seconds=3_600.0, quiet_seconds=3_600.0)
    lines = [SinkLine(sink, slow, following.clock) for sink in (following.sql, following.audit)]
    taker = SnapshotTaker(following.dumps.begin)
    follower = Follower(JOURNAL_ID, 0, following.journal.replica, lines, taker, following.watermark)
    following.follower = follower
    following.append(2)
    following.run()
    assert following.sql.written == []

    follower.want(2)
    following.run()

    assert following.sql.written == [1, 2]


def test_finished_once_everything_is_written_synced_and_dumped(following: Following) -> None:
    following.append(12)
    following.follower.want_snapshot(12)
    taken = [following.follower.finish(12) for _ in range(20)]
    assert not any(taken), "the dump goes on"

    following.dumps.end()
    while not following.follower.finish(12):
        pass

    assert (following.sql.synced, following.audit.synced) == (12, 12)
    assert following.follower.progress["snapshots"].sequence == 12


def test_sink_that_is_away_is_not_waited_for_at_the_end(following: Following) -> None:
    following.audit.error = SinkAway("the disk is full")
    following.append(3)

    finished = [following.follower.finish(3) for _ in range(20)]

    assert finished[-1]
    assert following.sql.synced == 3


def test_snapshot_is_held_until_the_journal_is_on_disk(following: Following) -> None:
    following.journal.append(5)
    following.watermark.move(5, 2)
    following.run()
    following.follower.want_snapshot(4)
    following.journal.append(5)
    following.watermark.move(10, 2)

    following.run()
    assert following.follower.replica_sequence == 5, "it stands still at what the snapshot will be of"
    assert following.dumps.sequences == []
    following.watermark.move(10, 5)
    following.run()

    assert following.dumps.sequences == [5]
    assert following.follower.replica_sequence == 10


def test_closing_releases_everything(following: Following) -> None:
    following.append(1)
    following.run()
    following.follower.want_snapshot(1)
    following.run()

    following.follower.close()

    assert not following.sql.is_open
    assert not following.audit.is_open
    assert following.dumps.begun[0].is_abandoned


def test_digests_are_the_replica_s(following: Following) -> None:
    assert following.follower.digests == {}
    following.append(1_000)

    following.run()

    assert list(following.follower.digests) == [0]


def test_step_that_opens_a_sink_may_take_long_since_it_may_migrate(following: Following) -> None:
    following.append(3)
    assert following.follower.needs_long_step()
    following.run()
    assert not following.follower.needs_long_step()

    following.sql.error = SinkAway("the database is down")
    following.append(1)
    following.run()
    assert not following.follower.needs_long_step()
    following.clock.now += 3_600

    assert following.follower.needs_long_step()
