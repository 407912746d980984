"""The view of single orders: a copy that applies the changes has the same orders in the same queues."""

from order_engine.market_data.queue_view import QueueChange, QueueView
from order_engine.matching.commands import Command
from tests.builders import SYMBOL, Exchange, amend, buy, cancel, sell

E8 = 100_000_000


class Viewed:
    """A book that is looked at after each command."""

    def __init__(self, orders_max: int = 10) -> None:
        self.exchange = Exchange()
        self.view = QueueView(orders_max, None, 0)

    def apply(self, command: Command) -> QueueChange | None:
        self.exchange.apply(command)
        return self.view.look(self.exchange.engine.books[SYMBOL], self.exchange.engine.sequence)

    def bids(self, command: Command) -> list[tuple[str, int, int]]:
        """Return the changes of the bids as (id, price, quantity)."""
        change = self.apply(command)
        assert change is not None
        return [(order_id, price_e8 // E8, quantity_e8 // E8) for order_id, price_e8, quantity_e8 in change.bids]


def with_two_bids() -> Viewed:
    viewed = Viewed()
    viewed.apply(buy(order_id="a"))
    viewed.apply(buy(order_id="b"))
    return viewed


def test_new_order_comes_last_at_its_price() -> None:
    viewed = Viewed()

    assert viewed.bids(buy(order_id="a")) == [("a", 100, 10)]
    assert viewed.bids(buy(order_id="b")) == [("b", 100, 10)]
    assert [order_id for order_id, _, _ in viewed.view.bids] == ["a", "b"]


def test_smaller_order_keeps_its_place() -> None:
    assert with_two_bids().bids(amend("a", quantity="4")) == [("a", 100, 4)]


def test_larger_order_is_removed_and_comes_last() -> None:
    assert with_two_bids().bids(amend("a", quantity="12")) == [("a", 100, 0), ("a", 100, 12)]


def test_order_at_another_price_is_removed_and_new() -> None:
    assert with_two_bids().bids(amend("a", price="101.00")) == [("a", 100, 0), ("a", 101, 10)]


def test_iceberg_that_shows_its_next_part_is_removed_and_comes_last() -> None:
    viewed = Viewed()
    viewed.apply(buy(order_id="ice", display="2"))
    viewed.apply(buy(order_id="b"))

    assert viewed.bids(sell(quantity="2")) == [("ice", 100, 0), ("ice", 100, 2)]


def test_order_beyond_the_size_comes_in_when_a_better_one_ends() -> None:
    viewed = Viewed(orders_max=2)
    for order_id in ("a", "b", "c"):
        viewed.apply(buy(order_id=order_id))

    assert viewed.apply(buy(order_id="d")) is None
    assert viewed.bids(cancel("a")) == [("a", 100, 0), ("c", 100, 10)]


def test_order_that_a_better_one_pushes_out_is_removed() -> None:
    viewed = Viewed(orders_max=2)
    viewed.apply(buy(order_id="a"))
    viewed.apply(buy(order_id="b"))

    assert viewed.bids(buy(order_id="best", price="101.00")) == [("b", 100, 0), ("best", 101, 10)]
