"""The pulse of the database is told in time, whatever the database does."""

from threading import Event

import pytest

from order_engine.database.pulse import Pulse
from tests.unit.exchange.exchanges import PATIENCE_SECONDS, wait_until

DAY_SECONDS = 86_400.0


class FakeDatabase:
    """Says what a test wants, once the gate is open."""

    def __init__(self) -> None:
        self.says = "ok"
        self.asked = 0
        self.gate = Event()
        self.gate.set()

    def check(self) -> str:
        self.asked += 1
        assert self.gate.wait(PATIENCE_SECONDS)
        return self.says


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


def test_many_who_want_to_know_make_one_question(database: FakeDatabase) -> None:
    pulse = Pulse(database.check, fresh_seconds=DAY_SECONDS)

    assert [pulse.status() for _ in range(100)] == ["ok"] * 100
    assert database.asked == 1


def test_answer_is_good_for_a_moment_only(database: FakeDatabase) -> None:
    pulse = Pulse(database.check, fresh_seconds=0)
    assert pulse.status() == "ok"

    database.says = "the server is gone"

    assert pulse.status() == "the server is gone"


def test_database_that_hangs_holds_nobody_and_gets_no_second_question(database: FakeDatabase) -> None:
    pulse = Pulse(database.check, patience_seconds=0.01, fresh_seconds=0)
    database.gate.clear()

    assert all(pulse.status().startswith("no answer for ") for _ in range(3))
    assert database.asked == 1

    database.gate.set()
    wait_until(lambda: pulse.status() == "ok")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_check_that_breaks_is_no_answer() -> None:
    def check() -> str:
        raise ValueError("a driver's mistake")

    assert Pulse(check).status().startswith("no answer for ")
