"""Reads of the database get the whole processor beside an idle loop, and a small part of it beside a busy one."""

import pytest

from order_engine.server.read_pace import BURST_SECONDS, BUSY_REQUESTS_PER_SECOND, SHARE_MIN, ReadPace

READ_SECONDS = 0.01
SECONDS = 20.0


class SimulatedReads:
    """Reads one page after the other in simulated time, while the loop serves so many requests a second."""

    def __init__(self, requests_per_second: float) -> None:
        self.now = 0.0
        self.used = 0.0
        self._requests_per_second = requests_per_second
        self._pace = ReadPace(lambda: int(self.now * self._requests_per_second), lambda: self.now, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def run(self, *, waiting_seconds: float = 0.0) -> None:
        while self.now < SECONDS:
            drawn = self._pace.await_turn()
            self.now += READ_SECONDS + waiting_seconds
            self.used += READ_SECONDS
            self._pace.charge(drawn, READ_SECONDS)


def test_reads_are_not_held_up_beside_an_idle_loop() -> None:
    reads = SimulatedReads(0)

    reads.run()

    assert reads.used == pytest.approx(SECONDS, rel=0.01)


def test_reads_get_their_small_share_beside_a_busy_loop_and_no_more() -> None:
    reads = SimulatedReads(10 * BUSY_REQUESTS_PER_SECOND)

    reads.run()

    assert SECONDS * SHARE_MIN * 0.9 < reads.used < SECONDS * SHARE_MIN * 1.1 + BURST_SECONDS


def test_reads_get_part_of_the_processor_beside_a_loop_that_is_half_busy() -> None:
    reads = SimulatedReads(BUSY_REQUESTS_PER_SECOND / 2)

    reads.run()

    assert reads.used == pytest.approx(SECONDS / 2, rel=0.1)


def test_read_that_waits_for_the_database_is_charged_for_its_work_alone() -> None:
    reads = SimulatedReads(10 * BUSY_REQUESTS_PER_SECOND)

    reads.run(waiting_seconds=READ_SECONDS / SHARE_MIN)

    # The budget grows while a read waits, so the next one starts at once.
    assert reads.used == pytest.approx(SECONDS / (1 + 1 / SHARE_MIN), rel=0.01)


def test_reads_that_start_together_are_charged_before_they_end() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = ReadPace(lambda: int(now[0] * 10 * BUSY_REQUESTS_PER_SECOND), lambda: now[0], sleep)
    for _ in range(20):
        pace.charge(pace.await_turn(), READ_SECONDS)
    begun = now[0]

    # None of these ends while the others start.
    for _ in range(8):
        pace.await_turn()

    assert now[0] - begun > 6 * READ_SECONDS / SHARE_MIN
