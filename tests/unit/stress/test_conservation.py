"""The check after a stress run accepts consistent data, and names every violation."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stress.conservation import ApiReader, check_symbol


def order(order_id: str, side: str, quantity: str, filled: str, remaining: str, status: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "user_id": f"user{order_id}",
        "display_quantity": None,
        "side": side,
        "price": "150.00",
        "quantity": quantity,
        "filled_quantity": filled,
        "remaining_quantity": remaining,
        "status": status,
    }


def position(net: str, cost: str) -> dict[str, Any]:
    amounts = {"net_quantity": net, "average_price": "150.00", "total_cost": cost, "realized_pnl": "0.00"}
    return {"symbol": "AAPL", **amounts}


EXCHANGE: dict[str, Any] = {
    "book": {"sequence": 3, "state": "OPEN", "bids": [], "asks": [["150.00", "6", 1]]},
    "orders": [
        order("1", "SELL", "10", "4", "6", "PARTIALLY_FILLED"),
        order("2", "BUY", "4", "4", "0", "FILLED"),
        order("3", "BUY", "7", "0", "0", "CANCELED"),
    ],
    "trades": [{"trade_id": "2-1", "price": "150.00", "quantity": "4", "buy_order_id": "2", "sell_order_id": "1"}],
    "positions": {
        "user1": [position("-4", "-600.00")],
        "user2": [position("4", "600.00"), {"symbol": "MSFT"}],
        "user3": [],
    },
}


class FakeReader(ApiReader):
    """Responds from rows in memory."""

    def __init__(self, exchange: dict[str, Any]) -> None:
        self.exchange = exchange
        self.sequence_seen = 0

    def see_at_least(self, sequence: int) -> None:
        self.sequence_seen = sequence

    def get(self, path: str) -> dict[str, Any]:
        if path.startswith("/api/v1/positions/"):
            return {"positions": self.exchange["positions"][path.rpartition("/")[2]]}
        assert path.startswith("/api/v1/orderbook/AAPL")
        book: dict[str, Any] = self.exchange["book"]
        return book

    def rows(self, name: str, **query: str) -> Iterator[dict[str, Any]]:
        assert self.sequence_seen == 3
        assert query == {"symbol": "AAPL"}
        return iter(self.exchange[name])


def test_exchange_that_adds_up_breaks_nothing() -> None:
    checked = check_symbol(FakeReader(EXCHANGE), "AAPL")

    assert (checked.orders, checked.trades, str(checked.quantity_traded), checked.broken) == (3, 1, "4", [])


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (lambda e: e["trades"].clear(), "order 1 says 4 filled, its trades say 0"),
        (lambda e: e["trades"].extend(e["trades"]), "a trade_id is there twice"),
        (lambda e: e["orders"][0].update(remaining_quantity="5"), "live order 1: 10 is not 4 filled and 5 remaining"),
        (lambda e: e["orders"][1].update(filled_quantity="3"), "3 bought, 4 sold"),
        (lambda e: e["orders"][1].update(quantity="5"), "order 2 is FILLED with 4 of 5"),
        (lambda e: e["orders"][2].update(remaining_quantity="7"), "final order 3 has 7 remaining"),
        (lambda e: e["orders"].pop(1), "trade 2-1 names order 2, which is not there"),
        (lambda e: e["trades"][0].update(buy_order_id="1"), "trade 2-1 takes order 1 for a BUY"),
        (lambda e: e["book"]["bids"].append(["150.00", "1", 1]), "the book is crossed: bid 150.00, ask 150.00"),
        (lambda e: e["book"]["asks"].clear(), "asks at 150.00: depth shows 0 of 0 orders, the orders give 6"),
        (lambda e: e["orders"][0].update(display_quantity="5"), "the orders give 0 to 5 of 1"),
        (lambda e: e["positions"]["user1"].clear(), "position of user1: none"),
        (lambda e: e["positions"].update(user3=[position("1", "1")]), "position of user3: one"),
        (lambda e: e["positions"]["user2"][0].update(net_quantity="5"), "position of user2: net_quantity differs by 1"),
        (lambda e: e["positions"]["user2"][0].update(realized_pnl="0.1"), "realized_pnl differs by 0.1"),
        (lambda e: e["positions"]["user2"][0].update(total_cost="601"), "total_cost differs by 1"),
        (lambda e: e["positions"]["user2"][0].update(average_price=None), "average_price differs by -150"),
    ],
)
def test_what_does_not_add_up_is_named(damage: Callable[[dict[str, Any]], None], named: str) -> None:
    exchange = copy.deepcopy(EXCHANGE)
    damage(exchange)

    broken = check_symbol(FakeReader(exchange), "AAPL").broken

    assert any(named in rule for rule in broken), broken
