"""The recorder follows the exchange through restarts, failing disks and more than it can keep, and never stops it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.log import AuditLog
from order_engine.followers.audit.recorder import AuditPace, AuditRecorder
from tests.builders import buy, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.audit.audited import DIRECTORY, FIRST_SEGMENT, JOURNAL_ID, checked, opened_log, trading, written
from tests.unit.exchange.exchanges import Opened, opened, wait_until

EAGER = AuditPace(pause_seconds=0, sync_seconds=0, retry_seconds=0.01)


class Recorded(AuditRecorder):
    """A recorder on a disk of its own, with the history of an exchange that is opened later."""

    def __init__(self, disk: FakeDisk, pace: AuditPace, segment_bytes_max: int) -> None:
        self.exchange: Opened | None = None
        super().__init__(AuditLog(DIRECTORY, disk, segment_bytes_max), self._of_exchange, pace)

    def _of_exchange(self, after: int, until: int) -> Iterator[Applied]:
        assert self.exchange is not None
        return self.exchange.recovery.history(after, until)


@contextmanager
def recorded(
    journal_disk: FakeDisk, audit_disk: FakeDisk, pace: AuditPace = EAGER, segment_bytes_max: int = 2_000
) -> Iterator[Recorded]:
    """An exchange whose commands are recorded."""
    recorder = Recorded(audit_disk, pace, segment_bytes_max)
    with opened(journal_disk, subscribers=(recorder,)) as found:
        recorder.exchange = found
        end = found.exchange.durable_sequence
        recorder.start(JOURNAL_ID, end)
        yield recorder
    recorder.close()


def place(recorder: Recorded, count: int = 1) -> int:
    assert recorder.exchange is not None
    for _ in range(count):
        recorder.exchange.exchange.submit([sell(), buy(quantity="5")])
    return recorder.exchange.exchange.durable_sequence


def wait_recorded(recorder: Recorded, sequence: int) -> None:
    wait_until(lambda: recorder.durable_sequence == sequence)


def is_complete(journal_disk: FakeDisk, audit_disk: FakeDisk) -> bool:
    with opened(journal_disk) as found:
        end = found.exchange.durable_sequence
        records = list(found.recovery.history(0, end))
    return checked(audit_disk, records).counts.compared == end


def test_every_command_is_recorded_across_restarts() -> None:
    journal_disk, audit_disk = FakeDisk(), FakeDisk()
    for _ in range(3):
        with recorded(journal_disk, audit_disk) as recorder:
            end = place(recorder, 5)
            wait_recorded(recorder, end)
            assert recorder.status == "ok"

    assert is_complete(journal_disk, audit_disk)


def test_log_that_is_gone_is_written_anew() -> None:
    journal_disk = FakeDisk()
    with recorded(journal_disk, FakeDisk()) as recorder:
        place(recorder, 20)
    audit_disk = FakeDisk()

    with recorded(journal_disk, audit_disk, EAGER._replace(batch_records_max=3)) as recorder:
        end = place(recorder)
        wait_recorded(recorder, end)

    assert is_complete(journal_disk, audit_disk)


@pytest.mark.parametrize("operation", ["write", "sync", "create"])
def test_failing_disk_is_told_and_does_not_stop_trading(operation: str) -> None:
    journal_disk, audit_disk = FakeDisk(), FakeDisk()
    with recorded(journal_disk, audit_disk) as recorder:
        wait_recorded(recorder, place(recorder))
        audit_disk.fail(operation, OSError("no space left"), after_bytes=50)

        place(recorder, 5)
        wait_until(lambda: "no space left" in recorder.status)
        place(recorder, 5)
        audit_disk.mend()
        end = place(recorder)
        wait_recorded(recorder, end)
        assert recorder.status == "ok"

    assert is_complete(journal_disk, audit_disk)


def test_queue_never_grows_beyond_its_bound_and_nothing_is_lost() -> None:
    journal_disk, audit_disk = FakeDisk(), FakeDisk()
    with recorded(journal_disk, audit_disk, EAGER._replace(queue_records_max=4)) as recorder:
        first = place(recorder)
        wait_recorded(recorder, first)
        audit_disk.hold_syncs()
        place(recorder)
        audit_disk.wait_until_sync_is_held()
        end = place(recorder, 30)
        audit_disk.release_syncs()
        wait_recorded(recorder, end)

    assert is_complete(journal_disk, audit_disk)


def test_damaged_log_stands_still_and_says_where() -> None:
    journal_disk, audit_disk = FakeDisk(), FakeDisk()
    with recorded(journal_disk, audit_disk) as recorder:
        end = place(recorder, 2)
        wait_recorded(recorder, end)
    content = audit_disk.content(FIRST_SEGMENT).replace(b"sell 10", b"sell 90", 1)
    audit_disk.put(FIRST_SEGMENT, content)

    with recorded(journal_disk, audit_disk) as recorder:
        place(recorder)
        wait_until(lambda: recorder.status.startswith("halted"))
        assert f"{FIRST_SEGMENT}: at byte" in recorder.status

    assert audit_disk.content(FIRST_SEGMENT) == content


def test_log_ahead_of_the_journal_is_left_as_it_is() -> None:
    audit_disk = FakeDisk()
    written(audit_disk, trading())

    with recorded(FakeDisk(), audit_disk) as recorder:
        wait_until(lambda: recorder.status.startswith("halted"))

        assert "the log goes to 9, the journal ended at 1" in recorder.status
    assert opened_log(audit_disk).last_sequence == 9
