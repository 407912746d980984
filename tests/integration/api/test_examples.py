"""Requests as users of such a service paste them, with and without the prefix."""

import pytest

from tests.integration.api.orders import answered
from tests.integration.api.served_exchange import Served


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_pasted_examples_work(served: Served, prefix: str) -> None:
    client = served.client
    placed = client.post(
        f"{prefix}/orders",
        json={"user_id": "user123", "symbol": "AAPL", "side": "BUY", "quantity": 100, "price": 150.50},
    )
    order_id = answered(placed)["order_id"]

    shown = client.get(f"{prefix}/orders/{order_id}?symbol=AAPL")
    amended = client.put(f"{prefix}/orders/{order_id}", json={"quantity": 50, "price": 151.00})
    listed = client.get(f"{prefix}/orders/user/user123")
    depth = client.get(f"{prefix}/market/AAPL/depth?levels=10")
    trades = client.get(f"{prefix}/trades")
    canceled = client.delete(f"{prefix}/orders/{order_id}")

    assert (placed.status_code, answered(placed)["price"], answered(placed)["quantity"]) == (201, "150.50", "100")
    assert (shown.status_code, answered(shown)) == (200, answered(placed))
    assert (amended.status_code, answered(amended)["price"]) == (200, "151.00")
    assert [order["order_id"] for order in answered(listed)["orders"]] == [order_id]
    assert answered(depth)["bids"] == [["151.00", "50", 1]]
    assert (trades.status_code, answered(trades)) == (200, {"trades": [], "next_cursor": None})
    assert (canceled.status_code, answered(canceled)["status"]) == (200, "CANCELED")
