"""The timer requests snapshots, reports why one failed, and goes on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from order_engine.exchange.errors import ExchangeHalted, SnapshotError
from order_engine.exchange.snapshots import SnapshotFiles, make_snapshot
from order_engine.exchange.state import ExchangeState
from order_engine.followers.progress import OK, SNAPSHOTS, Progress, SinkProgress
from order_engine.followers.snapshot_timer import Patience, SnapshotTimer
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import JOURNAL_ID, wait_until

SHORT = Patience(seconds=0.4, trouble_seconds=0.2)
OFTEN = 0.001


class FakeExchange:
    """An exchange whose journal is synced up to the sequence that a test sets."""

    def __init__(self, sequence: int = 9) -> None:
        self.sequence = sequence
        self.error: Exception | None = None

    def sync(self) -> int:
        if self.error is not None:
            raise self.error
        return self.sequence


class Followers:
    """Followers that take each snapshot at once, or do what a test sets."""

    def __init__(self) -> None:
        self.progress = Progress(lambda: 0)
        self.files = SnapshotFiles(Path("/snapshots"), FakeDisk())
        self.wanted: list[int] = []
        self.status: str | None = OK
        self.progress.status = OK

    def want_snapshot(self, sequence: int) -> None:
        self.wanted.append(sequence)
        if self.status == OK:
            state = ExchangeState()
            state.engine.sequence = sequence + 1
            self.files.put(make_snapshot(state, JOURNAL_ID, 1))
            self._report(SinkProgress(sequence + 1, sequence + 1, OK))
        elif self.status is not None:
            self._report(SinkProgress(0, sequence + 1, self.status))

    def _report(self, found: SinkProgress) -> None:
        self.progress.report({SNAPSHOTS: found}, reads_open=False)


@pytest.fixture
def exchange() -> FakeExchange:
    return FakeExchange()


@pytest.fixture
def followers() -> Followers:
    return Followers()


@pytest.fixture
def tended() -> list[int]:
    return []


@pytest.fixture
def make_timer(exchange: FakeExchange, followers: Followers, tended: list[int]) -> Callable[..., SnapshotTimer]:
    def make(interval: float = 0, patience: Patience = SHORT) -> SnapshotTimer:
        return SnapshotTimer(
            exchange,
            followers.want_snapshot,
            followers.progress,
            followers.files,
            interval,
            lambda: tended.append(1),
            patience,
        )

    return make


def test_snapshot_of_all_that_is_on_disk_is_asked_for_and_its_header_returned(
    make_timer: Callable[..., SnapshotTimer], followers: Followers, tended: list[int]
) -> None:
    header = make_timer().take()

    assert followers.wanted == [9]
    assert (header.sequence, header.journal_id) == (10, JOURNAL_ID)
    assert tended == [1], "what it made dispensable goes"


def test_nothing_to_take_is_said(make_timer: Callable[..., SnapshotTimer], exchange: FakeExchange) -> None:
    exchange.sequence = 0

    with pytest.raises(SnapshotError, match="nothing has happened yet"):
        make_timer().take()


def test_halted_exchange_has_none(make_timer: Callable[..., SnapshotTimer], exchange: FakeExchange) -> None:
    exchange.error = ExchangeHalted("the disk is full")

    with pytest.raises(SnapshotError, match="the disk is full"):
        make_timer().take()


def test_failed_one_is_told(make_timer: Callable[..., SnapshotTimer], followers: Followers, tended: list[int]) -> None:
    followers.status = "OSError: no space left"

    with pytest.raises(SnapshotError, match="no snapshot was taken: OSError: no space left"):
        make_timer().take()

    assert tended == []


def test_followers_that_are_slow_are_waited_for_a_bounded_time(
    make_timer: Callable[..., SnapshotTimer], followers: Followers
) -> None:
    followers.status = None

    with pytest.raises(SnapshotError, match="the followers have taken none: ok"):
        make_timer().take()


def test_followers_that_cannot_be_run_are_waited_for_a_short_time(
    make_timer: Callable[..., SnapshotTimer], followers: Followers
) -> None:
    followers.status, followers.progress.status = None, "cannot be run: FileNotFoundError"

    with pytest.raises(SnapshotError, match="the followers have taken none: cannot be run"):
        make_timer(patience=Patience(seconds=3_600, trouble_seconds=0.2)).take()


def test_stopped_timer_waits_for_none(make_timer: Callable[..., SnapshotTimer], followers: Followers) -> None:
    followers.status = None
    timer = make_timer(patience=Patience(seconds=3_600))
    timer.stop()

    with pytest.raises(SnapshotError, match="have taken none"):
        timer.take()


@pytest.mark.parametrize("error", [ExchangeHalted("no memory"), RuntimeError("no memory")])
def test_timer_reports_a_failure_and_goes_on(
    make_timer: Callable[..., SnapshotTimer], exchange: FakeExchange, error: Exception
) -> None:
    exchange.error = error
    timer = make_timer(OFTEN)
    timer.start()
    wait_until(lambda: "no memory" in timer.status)

    exchange.error = None

    wait_until(lambda: timer.status == OK)
    timer.stop()


def test_timer_that_is_off_takes_none(make_timer: Callable[..., SnapshotTimer], followers: Followers) -> None:
    timer = make_timer()
    timer.start()
    timer.stop()

    assert followers.wanted == []
