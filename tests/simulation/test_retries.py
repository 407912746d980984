"""Fifty retries of one request at once, in threads, are carried out once with one response, also after a restart."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from order_engine.exchange.applied import Applied
from order_engine.exchange.exchange import Exchange, Submitted
from order_engine.journal.record import Retry
from tests.builders import buy, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import Opened, opened, recovery_on

RETRY_COUNT = 50
COMMANDS = [sell(quantity="4"), buy(quantity="6")]
RETRY = Retry(scope="client", key="only once", fingerprint="of both")


def submit_at_once(exchange: Exchange) -> list[Submitted]:
    """Let this many clients send the same request at once, without waiting for the disk."""
    barrier = Barrier(RETRY_COUNT)

    def submit(_: int) -> Submitted:
        barrier.wait()
        return exchange.submit(COMMANDS, RETRY)

    with ThreadPoolExecutor(RETRY_COUNT) as threads:
        return list(threads.map(submit, range(RETRY_COUNT)))


def submit_and_wait(found: Opened) -> list[Submitted]:
    answers = submit_at_once(found.exchange)
    found.exchange.wait_visible(found.notes[-1])
    return answers


def carried_out(disk: FakeDisk) -> list[Applied]:
    recovery = recovery_on(disk)
    history = recovery.history(0, recovery.latest().end.last_sequence)
    return [applied for applied in history if applied.record.retry is not None]


def test_fifty_retries_at_once_are_one_request_with_one_answer() -> None:
    disk = FakeDisk()
    with opened(disk) as found:
        answers = submit_and_wait(found)
        again = submit_at_once(found.exchange)

    assert [answer.replayed for answer in answers].count(False) == 1
    (only,) = carried_out(disk)
    assert all(answer.applied == only for answer in answers)
    assert again == [Submitted(only, replayed=True)] * RETRY_COUNT


def test_retries_while_the_first_is_being_synced_depend_on_the_same_sequence() -> None:
    disk = FakeDisk()
    with opened(disk) as found:
        disk.hold_syncs()
        found.notes.clear()
        answers = submit_at_once(found.exchange)
        visible_sequence = found.journal.visible_sequence
        disk.release_syncs()

    (only,) = carried_out(disk)
    assert found.notes == [only.record.last_sequence] * RETRY_COUNT
    assert visible_sequence < only.record.sequence, "none of these answers could be sent yet"
    assert all(answer.applied == only for answer in answers)


def test_fifty_retries_of_a_request_that_a_crash_left_unanswered_are_one_request() -> None:
    disk = FakeDisk()
    with opened(disk) as found:
        disk.hold_syncs()
        found.exchange.submit(COMMANDS, RETRY)
        disk.wait_until_sync_is_held()
        lost, kept = disk.crash(), disk.crash(unsynced_bytes_kept=1 << 20)
        disk.release_syncs()

    for survivor, records_of_it in ((lost, 0), (kept, 1)):
        assert len(carried_out(survivor)) == records_of_it
        with opened(survivor) as restarted:
            answers = submit_and_wait(restarted)
        (only,) = carried_out(survivor)
        assert all(answer.applied == only for answer in answers)
        assert [answer.replayed for answer in answers].count(False) == 1 - records_of_it
        with opened(survivor.crash()) as once_more:
            assert submit_at_once(once_more.exchange) == [Submitted(only, replayed=True)] * RETRY_COUNT
