"""Indications: always fresh for a small book; for a large one at most ten a second, and one for each change."""

import pytest

from order_engine.exchange import indications as module
from order_engine.exchange.indications import INTERVAL_NS, LEVELS_ALWAYS_FRESH, Indications
from order_engine.matching.order_book import OrderBook
from tests.builders import SYMBOL, Exchange, buy, sell, session


class HandClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0

    def now_ns(self) -> int:
        return self.now


def crossed(levels: int) -> tuple[Exchange, OrderBook]:
    exchange = Exchange()
    exchange.apply(session("PRE_OPEN"))
    for number in range(levels):
        exchange.engine.apply(buy(quantity="1", price=f"{10 + number}.00"), exchange.engine.sequence + 1, 100)
    exchange.apply(sell(quantity="1", price="10.00"), time=100)
    return exchange, exchange.engine.books[SYMBOL]


def quantity(indications: Indications, book: OrderBook) -> int:
    indicated = indications.of(book)
    assert indicated is not None
    return indicated.quantity_e8 // 10**8


def test_small_book_is_looked_at_after_each_change() -> None:
    exchange, book = crossed(3)
    indications = Indications(HandClock().now_ns)

    before = quantity(indications, book)
    exchange.apply(sell(quantity="1", price="10.00"), time=100)

    assert (before, quantity(indications, book)) == (1, 2)


def test_large_book_is_looked_at_ten_times_a_second() -> None:
    exchange, book = crossed(LEVELS_ALWAYS_FRESH + 1)
    clock = HandClock()
    indications = Indications(clock.now_ns)

    before = quantity(indications, book)
    exchange.apply(sell(quantity="1", price="10.00"), time=100)
    at_once = quantity(indications, book)
    clock.now = INTERVAL_NS
    later = quantity(indications, book)

    assert (before, at_once, later) == (1, 1, 2)


def test_book_that_did_not_change_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _, book = crossed(3)
    indications = Indications(HandClock().now_ns)
    before = quantity(indications, book)

    monkeypatch.setattr(module, "indicate", None)

    assert quantity(indications, book) == before


def test_open_book_indicates_nothing_and_is_forgotten() -> None:
    exchange, book = crossed(3)
    indications = Indications(HandClock().now_ns)
    indications.of(book)

    exchange.apply(session("OPEN"), time=100)

    assert indications.of(book) is None
