"""The time of a live order's last change is known for the newest changes, and never wrong."""

from order_engine.exchange.recent_changes import RecentChanges
from order_engine.exchange.state import ExchangeState
from order_engine.exchange.views import live_order_of
from order_engine.journal.record import Record
from order_engine.matching.commands import Command
from tests.builders import amend, buy, cancel, sell
from tests.unit.exchange.exchanges import START_NS


class Trading:
    """A state whose changes are noted; the clock advances a nanosecond with each record."""

    def __init__(self, kept_max: int = 100, known_after_ns: int = START_NS) -> None:
        self.changes = RecentChanges(known_after_ns, kept_max)
        self._state = ExchangeState()

    def carry_out(self, *commands: Command) -> None:
        sequence = self._state.sequence + 1
        record = Record(sequence=sequence, timestamp_ns=START_NS + sequence, commands=commands)
        self.changes.note(self._state.apply(record))

    def updated_at(self, order_id: str) -> int | None:
        """Nanoseconds from the start to the last change."""
        order = live_order_of(self._state.engine, order_id)
        assert order is not None
        updated_ns = self.changes.updated_ns(order)
        return None if updated_ns is None else updated_ns - START_NS


def test_order_that_never_changed_was_updated_when_it_was_placed() -> None:
    trading = Trading()
    trading.carry_out(buy())
    trading.carry_out(buy())

    assert (trading.updated_at("1"), trading.updated_at("2")) == (1, 2)


def test_trades_and_amends_are_changes() -> None:
    trading = Trading()
    trading.carry_out(sell(quantity="10"))
    trading.carry_out(buy(quantity="4"))
    assert trading.updated_at("1") == 2

    trading.carry_out(amend("1", quantity="8"))

    assert trading.updated_at("1") == 3


def test_order_from_before_the_start_is_known_from_its_next_change() -> None:
    trading = Trading(known_after_ns=START_NS + 1)
    trading.carry_out(sell(quantity="10"))
    assert trading.updated_at("1") is None

    trading.carry_out(buy(quantity="4"))

    assert trading.updated_at("1") == 2


def test_forgotten_changes_are_not_known() -> None:
    trading = Trading(kept_max=1)
    trading.carry_out(sell(quantity="10"), sell(price="200", quantity="10"))
    trading.carry_out(amend("1", quantity="9"))
    trading.carry_out(amend("2", quantity="9"))
    trading.carry_out(buy(price="1"))

    assert (trading.updated_at("1"), trading.updated_at("2"), trading.updated_at("5")) == (None, 4, 5)


def test_change_of_an_earlier_order_with_the_same_id_is_not_taken() -> None:
    trading = Trading()
    trading.carry_out(buy(order_id="a", quantity="10"))
    trading.carry_out(amend("a", quantity="9"))
    trading.carry_out(cancel("a"))
    trading.carry_out(buy(order_id="a"))

    assert trading.updated_at("a") == 4
