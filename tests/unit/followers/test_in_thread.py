"""The followers in a thread do what those in a process do; a fault is reported, and a new follower starts."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from order_engine.followers.follower import Follower
from order_engine.followers.in_thread import FollowerThread
from order_engine.followers.progress import OK, SNAPSHOTS, Progress
from order_engine.followers.sink_line import Pace, SinkLine
from order_engine.followers.snapshot_taker import SnapshotTaker
from order_engine.journal.watermark import MemoryWatermark
from tests.unit.exchange.exchanges import JOURNAL_ID, PATIENCE_SECONDS, wait_until
from tests.unit.followers.fakes import FakeDumps, FakeJournal, FakeSink, HandTime


class Threaded:
    """A thread of followers."""

    def __init__(self) -> None:
        self.journal, self.watermark, self.dumps = FakeJournal(), MemoryWatermark(), FakeDumps()
        self.sql, self.audit, self.made = FakeSink("sql"), FakeSink("audit"), 0
        self.progress = Progress(lambda: self.watermark.visible)
        self.thread = FollowerThread(self.make, self.progress)

    def make(self) -> Follower:
        self.made += 1
        lines = [SinkLine(sink, Pace(), HandTime()) for sink in (self.sql, self.audit)]
        taker = SnapshotTaker(self.dumps.begin)
        return Follower(JOURNAL_ID, 0, self.journal.replica, lines, taker, self.watermark)

    def append(self, count: int) -> None:
        self.journal.append(count)
        self.watermark.move(self.journal.end, self.journal.end)


@pytest.fixture
def threaded() -> Threaded:
    return Threaded()


def test_everything_is_written_and_the_end_is_waited_for(threaded: Threaded) -> None:
    threaded.thread.start()
    threaded.append(3)
    assert threaded.progress.wait_shown(3, PATIENCE_SECONDS)
    threaded.thread.want_snapshot(3)
    wait_until(lambda: bool(threaded.dumps.begun))
    threaded.dumps.end()

    assert threaded.thread.finish(3, PATIENCE_SECONDS)

    assert threaded.sql.written == threaded.audit.written == [1, 2, 3]
    assert threaded.progress.of(SNAPSHOTS).sequence == 3
    assert not threaded.sql.is_open


def test_fault_is_told_and_a_successor_goes_on(threaded: Threaded, caplog: pytest.LogCaptureFixture) -> None:
    threaded.journal.fault = RuntimeError("the journal is damaged")
    statuses: list[str] = []
    threaded.progress.on_change(lambda: statuses.append(threaded.progress.status))
    threaded.append(3)
    threaded.thread.start()
    wait_until(lambda: "started again: RuntimeError: the journal is damaged" in statuses)

    threaded.journal.fault = None

    assert threaded.progress.wait_shown(3, PATIENCE_SECONDS)
    assert threaded.progress.status == OK
    assert "the followers failed" in caplog.text
    assert threaded.made > 1
    assert threaded.thread.finish(3, PATIENCE_SECONDS)


def test_followers_that_cannot_finish_are_given_up_after_the_grace(threaded: Threaded) -> None:
    threaded.journal.fault = RuntimeError("the journal is damaged")
    threaded.append(3)
    threaded.thread.start()

    assert not threaded.thread.finish(3, 0.05)


def test_finish_is_told_to_a_successor_too(threaded: Threaded) -> None:
    threaded.journal.fault = RuntimeError("the journal is damaged")
    threaded.append(3)
    threaded.thread.start()
    made = threaded.made
    with ThreadPoolExecutor(1) as pool:
        finishing = pool.submit(threaded.thread.finish, 3, PATIENCE_SECONDS)
        wait_until(lambda: threaded.made > made + 1)
        threaded.journal.fault = None

        assert finishing.result()

    assert threaded.sql.written == [1, 2, 3]
