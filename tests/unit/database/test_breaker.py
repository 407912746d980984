"""While the database does not respond, one read tries now and then, and the others are refused at once."""

from order_engine.database.breaker import Breaker


class HandClock:
    """A clock that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_database_that_answers_is_asked_every_time() -> None:
    breaker = Breaker()

    assert [breaker.trouble() for _ in range(3)] == [None] * 3


def test_trouble_refuses_reads_until_one_of_them_has_tried_again() -> None:
    clock = HandClock()
    breaker = Breaker(clock, retry_seconds=1.0)
    breaker.failed("gone")
    assert breaker.trouble() == "gone"

    clock.seconds = 1.0

    assert [breaker.trouble() for _ in range(3)] == [None, "gone", "gone"]


def test_read_that_succeeds_lets_all_through() -> None:
    breaker = Breaker(HandClock())
    breaker.failed("gone")

    breaker.succeeded()

    assert [breaker.trouble() for _ in range(2)] == [None, None]
