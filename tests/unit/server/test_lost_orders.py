"""The orders of lost connections: canceled a few at a time; those that ended are not kept."""

from collections.abc import Iterable, Sequence
from itertools import chain

from order_engine.exchange.errors import NotReady
from order_engine.server.lost_orders import CANCELED_IN_A_TURN, LostOrders, PlacedOrders


class FakeExchange:
    """Knows which orders are live."""

    def __init__(self, live: Iterable[str] = ()) -> None:
        self.live = set(live)
        self.calls: list[list[str]] = []
        self.is_closing = False

    def is_with_connection(self, order_id: str) -> bool:
        return order_id in self.live

    def cancel_disconnected(self, order_ids: Sequence[str]) -> None:
        if self.is_closing:
            raise NotReady
        self.calls.append(list(order_ids))


def ids(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_orders_are_canceled_in_turns() -> None:
    exchange = FakeExchange()
    waiting: list[LostOrders] = []
    lost = LostOrders(exchange, waiting.append)

    lost.add(ids(2 * CANCELED_IN_A_TURN + 1))
    lost.add(["later"])
    turns = 0
    while waiting:
        waiting.pop().serve()
        turns += 1

    assert turns == 3
    assert [len(call) for call in exchange.calls] == [CANCELED_IN_A_TURN, CANCELED_IN_A_TURN, 2]
    assert list(chain(*exchange.calls)) == [*ids(2 * CANCELED_IN_A_TURN + 1), "later"]


def test_connection_without_orders_takes_no_turn() -> None:
    waiting: list[LostOrders] = []

    LostOrders(FakeExchange(), waiting.append).add([])

    assert waiting == []


def test_closing_exchange_leaves_the_rest_to_the_next_start() -> None:
    exchange = FakeExchange()
    exchange.is_closing = True
    waiting: list[LostOrders] = []
    lost = LostOrders(exchange, waiting.append)

    lost.add(ids(100))
    waiting.pop().serve()

    assert waiting == []


def test_orders_that_ended_are_forgotten_while_others_are_placed() -> None:
    exchange = FakeExchange()
    placed = PlacedOrders(exchange)

    for order_id in ids(1_000):
        placed.add(order_id)

    assert list(placed.order_ids) == ["999"]


def test_live_orders_are_kept_and_few_that_ended() -> None:
    exchange = FakeExchange(ids(100))
    placed = PlacedOrders(exchange)

    for order_id in ids(10_000):
        placed.add(order_id)

    assert {*ids(100)} <= {*placed.order_ids}
    assert len(placed.order_ids) <= 2 * 100 + 1
