"""Fifty retries of one request at once, in real threads: carried out once, and one answer, also after a restart."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from order_engine.exchange.applied import Applied
from order_engine.exchange.errors import RetryInFlight
from order_engine.exchange.exchange import Answer, Exchange
from order_engine.journal.record import Retry
from tests.builders import buy, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import opened, recovery_on, wait_until

RETRY_COUNT = 50
COMMANDS = [sell(quantity="4"), buy(quantity="6")]
RETRY = Retry(scope="client", key="only once", fingerprint="of both")


class Retries:
    """Clients who all send the same request at the same moment. ``in_flight`` were told to ask again."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._barrier = Barrier(RETRY_COUNT)
        self.in_flight = 0

    def submit(self, _: int) -> Answer | None:
        self._barrier.wait()
        try:
            return self._exchange.submit(COMMANDS, RETRY)
        except RetryInFlight:
            self.in_flight += 1
            return None


def submit_at_once(exchange: Exchange) -> list[Answer | None]:
    with ThreadPoolExecutor(RETRY_COUNT) as threads:
        return list(threads.map(Retries(exchange).submit, range(RETRY_COUNT)))


def carried_out(disk: FakeDisk) -> list[Applied]:
    recovery = recovery_on(disk)
    history = recovery.history(0, recovery.latest().end.last_sequence)
    return [applied for applied in history if applied.record.retry is not None]


def test_fifty_retries_at_once_are_one_request_with_one_answer() -> None:
    disk = FakeDisk()
    with opened(disk) as found:
        answers = [answer for answer in submit_at_once(found.exchange) if answer is not None]
        again = submit_at_once(found.exchange)

    assert [answer.replayed for answer in answers].count(False) == 1
    (only,) = carried_out(disk)
    assert all(answer.applied == only for answer in answers)
    assert again == [Answer(only, replayed=True)] * RETRY_COUNT


def test_retries_while_the_first_is_being_synced_are_told_to_wait() -> None:
    disk = FakeDisk()
    with opened(disk) as found, ThreadPoolExecutor(RETRY_COUNT) as threads:
        disk.hold_syncs()
        retries = Retries(found.exchange)
        submitted = [threads.submit(retries.submit, number) for number in range(RETRY_COUNT)]
        wait_until(lambda: sum(future.done() for future in submitted) == RETRY_COUNT - 1)
        disk.release_syncs()
        answers = [answer for future in submitted if (answer := future.result()) is not None]

    assert [answer.replayed for answer in answers] == [False]
    assert carried_out(disk) == [answers[0].applied]


def test_fifty_retries_of_a_request_that_a_crash_left_unanswered_are_one_request() -> None:
    disk = FakeDisk()
    with opened(disk) as found, ThreadPoolExecutor(1) as threads:
        disk.hold_syncs()
        unanswered = threads.submit(found.exchange.submit, COMMANDS, RETRY)
        disk.wait_until_sync_is_held()
        lost, kept = disk.crash(), disk.crash(unsynced_bytes_kept=1 << 20)
        disk.release_syncs()
        unanswered.result()

    for survivor, records_of_it in ((lost, 0), (kept, 1)):
        assert len(carried_out(survivor)) == records_of_it
        with opened(survivor) as restarted:
            answers = [answer for answer in submit_at_once(restarted.exchange) if answer is not None]
        (only,) = carried_out(survivor)
        assert all(answer.applied == only for answer in answers)
        assert [answer.replayed for answer in answers].count(False) == 1 - records_of_it
        with opened(survivor.crash()) as once_more:
            assert submit_at_once(once_more.exchange) == [Answer(only, replayed=True)] * RETRY_COUNT
