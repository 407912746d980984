"""The status of the database is returned at once, even if the database hangs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from order_engine.database.pulse import Pulse
from tests.unit.exchange.exchanges import PATIENCE_SECONDS, wait_until


class FakeDatabase:
    """Returns what a test sets, once the gate is open."""

    def __init__(self) -> None:
        self.says = "ok"
        self.asked = 0
        self.gate = Event()
        self.gate.set()

    def check(self) -> str:
        self.asked += 1
        assert self.gate.wait(PATIENCE_SECONDS)
        return self.says


@contextmanager
def beating(check: Callable[[], str], patience_seconds: float = PATIENCE_SECONDS) -> Iterator[Pulse]:
    pulse = Pulse(check, interval_seconds=0.001, patience_seconds=patience_seconds)
    pulse.start()
    try:
        yield pulse
    finally:
        pulse.stop()


def test_database_that_was_not_asked_yet_is_ok() -> None:
    assert Pulse(FakeDatabase().check).status() == "ok"


def test_trouble_is_told_though_nobody_asks_for_it_and_so_is_its_end() -> None:
    database = FakeDatabase()
    with beating(database.check) as pulse:
        database.says = "the server is gone"
        wait_until(lambda: pulse.status() == "the server is gone")

        database.says = "ok"
        wait_until(lambda: pulse.status() == "ok")


def test_database_that_hangs_holds_nobody_and_gets_no_second_question() -> None:
    database = FakeDatabase()
    database.gate.clear()
    with beating(database.check, patience_seconds=0.01) as pulse:
        wait_until(lambda: pulse.status().startswith("no answer for "))
        assert database.asked == 1

        database.gate.set()
        wait_until(lambda: pulse.status() == "ok")


def test_check_that_breaks_is_told_and_asked_again() -> None:
    asked: list[int] = []

    def check() -> str:
        asked.append(1)
        if len(asked) == 1:
            raise ValueError("a driver's mistake")
        return "ok" if len(asked) > 2 else "slow"

    with beating(check) as pulse:
        wait_until(lambda: len(asked) > 2 and pulse.status() == "ok")
