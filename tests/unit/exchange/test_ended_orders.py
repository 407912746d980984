"""Orders that ended recently are found in their final state, by either id, up to a number."""

import pytest

from order_engine.exchange.ended_orders import EndedOrder, EndedOrders
from order_engine.exchange.state import ExchangeState
from order_engine.journal.record import Record
from order_engine.matching.commands import Command, ExpireDue
from order_engine.matching.events import OrderStatus
from tests.builders import buy, cancel, sell
from tests.unit.exchange.exchanges import START_NS


class Trading:
    """A state whose ended orders are kept; the clock advances a nanosecond with each record."""

    def __init__(self, kept_max: int = 100) -> None:
        self.ended = EndedOrders(kept_max)
        self._state = ExchangeState()

    def carry_out(self, *commands: Command) -> None:
        sequence = self._state.sequence + 1
        record = Record(sequence=sequence, timestamp_ns=START_NS + sequence, commands=commands)
        self.ended.note(self._state.apply(record))

    def status_of(self, order_id: str) -> OrderStatus | None:
        found = self.ended.find(order_id)
        return None if found is None else found.state.status


@pytest.fixture
def trading() -> Trading:
    return Trading()


def test_live_order_is_not_known(trading: Trading) -> None:
    trading.carry_out(buy(user_id="u", client_order_id="mine"))

    assert trading.ended.find("1") is None
    assert trading.ended.find_by_client_id("u", "mine") is None


def test_trade_ends_whom_it_fills_and_nobody_else(trading: Trading) -> None:
    trading.carry_out(sell(quantity="10"))
    trading.carry_out(buy(quantity="4"))
    assert (trading.status_of("1"), trading.status_of("2")) == (None, OrderStatus.FILLED)

    trading.carry_out(buy(quantity="6"))

    assert trading.status_of("1") is OrderStatus.FILLED
    found = trading.ended.find("1")
    assert found is not None
    assert (found.state.filled_e8, found.updated_ns) == (10 * 10**8, START_NS + 3)


@pytest.mark.parametrize(
    ("commands", "status"),
    [
        ((buy(), cancel("1")), OrderStatus.CANCELED),
        ((buy(time_in_force="IOC"),), OrderStatus.CANCELED),
        ((buy(price="100.001"),), OrderStatus.REJECTED),
        ((buy(time_in_force="GTD", expire_at=START_NS + 2), ExpireDue()), OrderStatus.EXPIRED),
    ],
)
def test_every_kind_of_end_is_known(trading: Trading, commands: tuple[Command, ...], status: OrderStatus) -> None:
    for command in commands:
        trading.carry_out(command)

    assert trading.status_of("1") is status


def test_client_id_leads_to_the_order_that_had_it_last_and_only_of_its_user(trading: Trading) -> None:
    for _ in range(2):
        trading.carry_out(buy(user_id="u", client_order_id="mine", time_in_force="IOC"))

    found = trading.ended.find_by_client_id("u", "mine")

    assert found is not None
    assert found.state.order_id == "2"
    assert trading.ended.find_by_client_id("v", "mine") is None


def test_oldest_are_forgotten_and_a_reused_client_id_outlives_its_first_order() -> None:
    trading = Trading(kept_max=2)
    for _ in range(2):
        trading.carry_out(buy(user_id="u", client_order_id="mine", time_in_force="IOC"))
    trading.carry_out(buy(user_id="u", client_order_id="other", time_in_force="IOC"))

    known = [trading.ended.find(order_id) is not None for order_id in ("1", "2", "3")]
    by_client_id: EndedOrder | None = trading.ended.find_by_client_id("u", "mine")

    assert known == [False, True, True]
    assert by_client_id is not None
    assert by_client_id.state.order_id == "2"
    trading.carry_out(buy(time_in_force="IOC"))
    assert trading.ended.find_by_client_id("u", "mine") is None
