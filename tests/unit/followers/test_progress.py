"""The followers' last report, and the status if no further one comes."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from order_engine.followers import progress as progress_module
from order_engine.followers.progress import AUDIT, OK, SNAPSHOTS, SQL, STARTING, UNKNOWN, Progress, SinkProgress
from tests.unit.exchange.exchanges import PATIENCE_SECONDS, wait_until
from tests.unit.followers.fakes import HandTime


class Exchange:
    """Has the visible sequence that a test sets."""

    visible_sequence = 10


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> HandTime:
    clock = HandTime()
    monkeypatch.setattr(progress_module, "monotonic", clock)
    return clock


@pytest.fixture
def progress(exchange: Exchange, clock: HandTime) -> Progress:
    return Progress(lambda: exchange.visible_sequence)


def report(progress: Progress, sequence: int, status: str = OK, synced: int | None = None) -> None:
    found = SinkProgress(sequence, sequence if synced is None else synced, status)
    progress.report({SQL: found, AUDIT: found}, reads_open=sequence != UNKNOWN)


def test_nothing_is_known_at_first(progress: Progress) -> None:
    assert progress.of(SQL) == SinkProgress(0, 0, STARTING)
    assert (progress.lag(SQL), progress.covered_sequence(), progress.reads_open) == (10, 0, False)
    assert (progress.status_of(SQL), progress.status) == (STARTING, STARTING)


def test_report_moves_lag_cover_and_what_is_shown(progress: Progress) -> None:
    report(progress, 8, synced=5)

    assert (progress.lag(SQL), progress.lag(AUDIT), progress.lag(SNAPSHOTS)) == (2, 2, 10)
    assert progress.covered_sequence() == 5
    assert (progress.shows(8), progress.shows(9)) == (True, False)
    assert progress.reads_open


def test_sink_reported_as_unknown_keeps_what_was_known_of_it(progress: Progress) -> None:
    report(progress, 8, synced=5)

    report(progress, UNKNOWN, "the database is down")

    assert progress.of(SQL) == SinkProgress(8, 5, "the database is down")
    assert progress.reads_open


def test_sink_ahead_of_what_is_visible_has_no_lag(progress: Progress) -> None:
    report(progress, 12)

    assert progress.lag(SQL) == 0


def test_sink_that_has_not_moved_for_two_seconds_is_told_with_its_lag(
    progress: Progress, exchange: Exchange, clock: HandTime
) -> None:
    report(progress, 10)
    exchange.visible_sequence = 15
    report(progress, 12)
    clock.now += 2.0
    report(progress, 12)
    assert progress.status_of(SQL) == OK

    clock.now += 1.0

    assert progress.status_of(SQL) == "has not moved for 3 s, 3 commands behind"


def test_idle_sink_is_well_however_long_nothing_happens(
    progress: Progress, exchange: Exchange, clock: HandTime
) -> None:
    report(progress, 10)
    clock.now += 3_600
    report(progress, 10)
    exchange.visible_sequence = 11

    assert progress.status_of(SQL) == OK


def test_what_a_sink_says_itself_comes_first(progress: Progress, clock: HandTime) -> None:
    report(progress, 5, "database is locked")
    clock.now += 60

    assert progress.status_of(SQL) == "database is locked"


def test_waiting_ends_with_the_report_that_shows_it(progress: Progress) -> None:
    nudges: list[int] = []
    progress.on_want(nudges.append)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(progress.wait_shown, 10, PATIENCE_SECONDS)
        wait_until(lambda: nudges == [10])
        report(progress, 9)
        assert not waiting.done()
        report(progress, 10)

        assert waiting.result(PATIENCE_SECONDS)


def test_what_is_shown_already_needs_no_nudge(progress: Progress) -> None:
    nudges: list[int] = []
    progress.on_want(nudges.append)
    report(progress, 10)

    assert progress.wait_shown(10, 0)
    assert nudges == []


def test_nobody_waits_for_a_sink_in_trouble(progress: Progress) -> None:
    report(progress, 5, "database is locked")

    assert not progress.wait_shown(10, PATIENCE_SECONDS)
    assert (progress.is_in_trouble(SQL), progress.is_in_trouble(SNAPSHOTS)) == (True, False)


def test_waiting_ends_with_its_time(progress: Progress) -> None:
    assert not progress.wait_shown(10, 0.01)


def test_every_report_is_told_and_the_lock_is_free_meanwhile(progress: Progress) -> None:
    told: list[bool] = []
    with ThreadPoolExecutor(1) as pool:
        # A callback must not hold up a thread that waits meanwhile.
        progress.on_change(lambda: told.append(pool.submit(progress.wait_shown, 5, 0).result(PATIENCE_SECONDS)))

        report(progress, 5)
        progress.notify()

    assert told == [True, True]
