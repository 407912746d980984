"""Both clients against a real exchange: each request, each kind of problem."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from order_engine.client import Client, Invalid, NotAllowed, NotFound, OrderEnded, Refused
from order_engine.testing import exchange

_numbers = count(1)


@pytest.fixture
def symbol() -> str:
    """A symbol that no other test uses."""
    return f"SYM{next(_numbers)}"


def test_order_is_placed_shown_amended_and_canceled(client: Client, symbol: str) -> None:
    placed = client.place(symbol=symbol, side="BUY", quantity="2", price=Decimal("150.50"), client_order_id=symbol)
    amended = client.amend(placed.order_id, quantity=1)
    shown = client.order(placed.order_id)
    canceled = client.cancel(placed.order_id)

    assert (placed.price, placed.quantity, placed.status, placed.is_live) == (Decimal("150.50"), 2, "OPEN", True)
    assert abs(placed.created_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert (amended.quantity, shown.remaining_quantity, shown.order_id) == (1, 1, placed.order_id)
    assert (canceled.status, canceled.is_live) == ("CANCELED", False)


def test_trades_are_seen_by_both_sides(client: Client, symbol: str) -> None:
    sold = client.place(
        user_id=f"{symbol}/s", symbol=symbol, side="SELL", quantity=1, price="10", client_order_id="50%/c?"
    )
    bought = client.place(user_id=f"{symbol}/b", symbol=symbol, side="BUY", quantity=3, price="11")

    (trade,) = client.trades(symbol=symbol)
    (position,) = client.positions(f"{symbol}/b")
    assert bought.trades == [trade]
    assert (trade.price, trade.maker_order_id, trade.taker_side) == (10, sold.order_id, "BUY")
    assert (position.net_quantity, position.average_price) == (1, 10)
    assert client.order_by_client_id("50%/c?", f"{symbol}/s").trades == [trade]
    assert [order.order_id for order in client.orders(user_id=f"{symbol}/b", status="live")] == [bought.order_id]
    assert list(client.trades(symbol=symbol, since=datetime.now(UTC) + timedelta(hours=1))) == []


def test_market_data_is_read(client: Client, symbol: str) -> None:
    client.list_instrument(symbol, tick_size="0.5", lot_size=1)
    orders = [
        {"symbol": symbol, "side": side, "quantity": 1, "price": price}
        for side, price in (("BUY", 9), ("SELL", 9), ("BUY", 8))
    ]
    results = client.place_batch([*orders, {**orders[0], "price": "8.3"}])  # type: ignore[list-item]  # of the loop

    depth, market = client.depth(symbol), client.market(symbol)
    assert [result.status for result in results] == [201, 201, 201, 422]
    assert results[3].problem is not None
    assert results[3].problem.code == "tick_size"
    assert [tuple(level) for level in depth.bids] == [(8, 1, 1)]
    assert (depth.asks, client.top_of_book(symbol).best_bid, market.last_price, market.trade_count) == ([], 8, 9, 1)
    assert [candle.close for candle in client.candles(symbol)] == [9]
    assert client.instrument(symbol).tick_size == Decimal("0.5")
    assert symbol in {found.symbol for found in client.instruments()} & {found.symbol for found in client.markets()}


def test_lists_go_on_over_all_pages(client: Client, symbol: str) -> None:
    placed = client.place_batch([{"symbol": symbol, "side": "BUY", "quantity": 1, "price": n + 1} for n in range(250)])

    listed = list(client.orders(symbol=symbol))

    assert [order.order_id for order in listed] == [result.order.order_id for result in placed[::-1] if result.order]


def test_admin_sets_state_limits_and_users(client: Client, symbol: str) -> None:
    client.place(user_id=symbol, symbol=symbol, side="BUY", quantity=1, price=1)

    assert client.set_state(symbol, "HALTED").state == "HALTED"
    assert client.set_risk_limits(symbol, max_order_quantity="5").max_order_quantity == 5
    assert client.risk_limits(symbol).is_own
    assert len(client.disable_user(symbol).canceled) == 1
    assert client.enable_user(symbol).is_enabled
    client.set_state(symbol, "OPEN")
    client.place(user_id=symbol, symbol=symbol, side="BUY", quantity=1, price=1)
    assert len(client.cancel_all(symbol, side="BUY")) == 1


def test_problems_say_what_is_wrong(client: Client, symbol: str) -> None:
    with pytest.raises(Invalid) as invalid:
        client.place(symbol=symbol, side="BUY", quantity="much", price=1)
    with pytest.raises(Refused) as refused:
        client.place(symbol=symbol, side="BUY", quantity=1, price="1.005")
    with pytest.raises(NotFound) as unknown:
        client.cancel("999999999")
    ended = client.place(symbol=symbol, side="BUY", quantity=1, price=1, time_in_force="IOC")
    with pytest.raises(OrderEnded):
        client.cancel(ended.order_id)

    assert list(invalid.value.errors) == ["quantity"]
    assert (refused.value.code, refused.value.status) == ("tick_size", 422)
    assert refused.value.order is not None
    assert refused.value.order.status == "REJECTED"
    assert "1.01" in refused.value.detail
    assert (unknown.value.code, bool(unknown.value.request_id)) == ("unknown_order", True)


def test_own_key_of_the_caller_places_one_order(client: Client, symbol: str) -> None:
    first, second = (
        client.place(symbol=symbol, side="BUY", quantity=1, price=1, idempotency_key=symbol) for _ in range(2)
    )

    assert first == second
    assert len(list(client.orders(symbol=symbol))) == 1


def test_key_of_an_exchange_is_needed() -> None:
    with exchange(API_KEY="a-long-secret") as keyed, keyed.client() as with_key, Client(keyed.url) as without:
        with_key.place(symbol="AAPL", side="BUY", quantity=1, price=1)
        with pytest.raises(NotAllowed, match="unauthorized"):
            without.place(symbol="AAPL", side="BUY", quantity=1, price=1)
