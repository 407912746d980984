"""A request with a key is carried out once: a retry gets the first answer, and waits for the disk with it."""

import pytest

from order_engine.exchange.errors import RetryMismatch
from order_engine.journal.record import Retry
from tests.builders import buy, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import opened

RETRY = Retry(scope="", key="a", fingerprint="what was asked")


@pytest.fixture
def disk() -> FakeDisk:
    return FakeDisk()


def test_same_request_gives_the_first_answer_and_changes_nothing(disk: FakeDisk) -> None:
    with opened(disk) as found:
        first = found.exchange.submit([buy()], RETRY)
        second = found.exchange.submit([buy()], RETRY)

        assert second.applied == first.applied
        assert (first.replayed, second.replayed) == (False, True)
        assert found.journal.appended_sequence == 2


def test_same_key_for_something_else_is_refused(disk: FakeDisk) -> None:
    other = Retry(scope="", key="a", fingerprint="something else")
    with opened(disk) as found:
        found.exchange.submit([buy()], RETRY)

        with pytest.raises(RetryMismatch):
            found.exchange.submit([sell()], other)
        assert not found.exchange.submit([sell()], Retry(scope="b", key="a", fingerprint="x")).replayed


def test_same_request_while_the_first_waits_for_the_disk_gets_the_same_answer_and_waits_with_it(disk: FakeDisk) -> None:
    with opened(disk) as found:
        disk.hold_syncs()
        first = found.exchange.submit([buy(), buy()], RETRY)
        found.notes.clear()

        second = found.exchange.submit([buy(), buy()], RETRY)

        assert (second.applied, second.replayed) == (first.applied, True)
        assert found.notes == [3], "it waits for the first one's sequence"
        found.exchange.submit([sell(price="200.00")])
        found.notes.clear()
        found.exchange.submit([buy(), buy()], RETRY)
        assert found.notes == [3], "and for nothing that came later"
        disk.release_syncs()


def test_key_used_for_something_else_waits_for_what_it_was_used_for(disk: FakeDisk) -> None:
    """A refused retry shows that the first request was carried out, so a crash must not undo that."""
    other = Retry(scope="", key="a", fingerprint="something else")
    with opened(disk) as found:
        disk.hold_syncs()
        found.exchange.submit([buy()], RETRY)
        found.notes.clear()

        with pytest.raises(RetryMismatch):
            found.exchange.submit([sell()], other)

        assert found.notes == [2]
        disk.release_syncs()


def test_request_whose_answer_was_lost_with_the_process_is_carried_out_once(disk: FakeDisk) -> None:
    with opened(disk) as found:
        disk.hold_syncs()
        found.exchange.submit([buy()], RETRY)
        disk.wait_until_sync_is_held()
        gone, written = disk.crash(), disk.crash(unsynced_bytes_kept=1 << 20)
        disk.release_syncs()

    with opened(gone) as found:
        assert not found.exchange.submit([buy()], RETRY).replayed
    with opened(written) as found:
        assert found.exchange.submit([buy()], RETRY).replayed


def test_cancel_with_a_key_is_replayed_even_while_the_database_is_behind(disk: FakeDisk) -> None:
    with opened(disk, lag_max=10) as found:
        found.exchange.submit([buy()], RETRY)
        found.backlog.lag = 11

        assert found.exchange.submit([buy()], RETRY).replayed
