"""A stream goes on after a loss without a hole and says nothing twice; a wrong book is replaced."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import json

from order_engine.client import Book, CaughtUp, Gap, NotAllowed, NotUnderstood, OwnTrade
from order_engine.client.subscriptions import RESYNC, Place, Subscription, watch_book, watch_orders, watch_trades
from order_engine.wire.checksum import book_checksum

TIME = "2026-11-21T07:58:00.000001Z"
TRADE = {
    "trade_id": "5-1",
    "symbol": "A/B",
    "price": "1.50",
    "quantity": "2",
    "buy_order_id": "1",
    "sell_order_id": "2",
    "maker_order_id": "1",
    "taker_order_id": "2",
    "taker_side": "SELL",
    "auction": False,
    "sequence": 5,
    "executed_at": TIME,
}


def given(subscription: Subscription[Any], *messages: dict[str, Any]) -> list[Any]:
    """What the messages bring."""
    return [item for message in messages for item in subscription.receive(json.encode(message)).items]


def trade(sequence: int, number: int) -> dict[str, Any]:
    """A message about a trade."""
    return {**TRADE, "type": "trade", "sequence": sequence, "trade_id": f"{sequence}-{number}"}


def snapshot(*bids: tuple[str, str, int], sequence: int) -> dict[str, Any]:
    """A message with a whole book."""
    message = {"type": "snapshot", "sequence": sequence, "bids": bids, "asks": [], "state": "OPEN"}
    return {**message, "checksum": book_checksum(bids, [])}


def update(*bids: tuple[str, str, int], sequence: int, after: int, checksum: int) -> dict[str, Any]:
    """A message with changes of a book."""
    levels = {"bids": bids, "asks": []}
    return {"type": "update", "sequence": sequence, "previous_sequence": after, **levels, "checksum": checksum}


def test_trades_that_come_again_after_a_loss_are_skipped() -> None:
    trades = watch_trades("A/B")

    before = given(trades, trade(5, 1), trade(5, 2))
    path = trades.path
    trades.greeting({})
    after = given(trades, trade(5, 1), trade(5, 2), trade(5, 3), trade(6, 1))

    assert path == "/ws/trades/A%2FB?since=4"
    assert [found.trade_id for found in [*before, *after]] == ["5-1", "5-2", "5-3", "6-1"]


def test_stream_that_was_silent_goes_on_after_the_heartbeat() -> None:
    trades = watch_trades("AAPL")

    given(trades, trade(5, 1), {"type": "heartbeat", "sequence": 9})

    assert trades.path == "/ws/trades/AAPL?since=9"


def test_gap_is_told_and_what_follows_it_is_new() -> None:
    trades = watch_trades("AAPL", since=3)
    given(trades, trade(5, 1))
    trades.greeting({})

    found = given(trades, {"type": "gap", "from": 5, "to": 7}, trade(8, 1))

    assert found[0] == Gap(from_sequence=5, to_sequence=7)
    assert found[1].trade_id == "8-1"


def test_loss_in_the_middle_of_a_second_loss_skips_as_much() -> None:
    place = Place(None)
    assert [place.is_new(5) for _ in range(3)] == [True, True, True]
    place.connect()
    assert not place.is_new(5)
    place.connect()

    assert [place.is_new(5) for _ in range(4)] == [False, False, False, True]


def test_own_stream_says_who_listens_and_what_is_known() -> None:
    own = watch_orders("ann")
    order = dict.fromkeys(("client_order_id", "user_id", "price", "stop_price", "trail_amount", "reason"))
    order |= {"display_quantity": None, "self_trade_prevention": None, "expire_at": None, "average_price": None}
    order |= {"order_id": "1", "symbol": "AAPL", "side": "BUY", "type": "LIMIT", "time_in_force": "GTC"}
    order |= {"post_only": False, "quantity": "1", "filled_quantity": "1", "remaining_quantity": "0"}
    order |= {"status": "FILLED", "sequence": 1, "created_at": TIME, "updated_at": TIME}
    event = {"type": "trade", "sequence": 7, "liquidity": "MAKER", "trade": TRADE, "order": order}

    assert json.decode(own.greeting({"key": "key"}) or "") == {"op": "auth", "key": "key", "user_id": "ann"}
    caught_up, traded = given(own, {"id": None, "type": "ack"}, {"type": "caught_up", "sequence": 6}, event)

    assert caught_up == CaughtUp(sequence=6)
    assert isinstance(traded, OwnTrade)
    assert json.decode(own.greeting({}) or "")["since"] == 6


def test_own_stream_that_is_refused_raises() -> None:
    problem = {"type": "about:blank", "title": "", "status": 401, "code": "unauthorized", "detail": "No."}

    with pytest.raises(NotAllowed, match="unauthorized"):
        given(watch_orders("ann"), {"id": None, "type": "problem", "sequence": None, "problem": problem})


def test_book_asks_once_for_a_snapshot_when_an_update_is_missing() -> None:
    books = watch_book("AAPL", 5)
    books.greeting({})
    (book,) = given(books, snapshot(("1.50", "2", 1), sequence=3))
    right = book_checksum([("1.50", "2", 1), ("1.40", "1", 1)], [])
    late = json.encode(update(("1.40", "1", 1), sequence=9, after=8, checksum=right))

    first, second = books.receive(late), books.receive(late)

    assert isinstance(book, Book)
    assert (first.items, first.reply, second.reply, book.sequence) == ((), RESYNC, None, None)
    assert given(books, snapshot(("1.40", "1", 1), sequence=10)) == [book]
    assert (book.best_bid, book.best_ask, book.sequence) == (Decimal("1.40"), None, 10)


def test_book_with_a_wrong_checksum_is_not_shown() -> None:
    books = watch_book("AAPL", 5)
    given(books, snapshot(("1.50", "2", 1), sequence=3))

    received = books.receive(json.encode(update(("1.50", "3", 1), sequence=4, after=3, checksum=1)))

    assert (received.items, received.reply) == ((), RESYNC)


def test_book_of_very_small_prices_has_the_checksum_of_the_exchange() -> None:
    (book,) = given(watch_book("AAPL", 5), snapshot(("0.00000001", "0.00000002", 1), sequence=3))

    assert book.bids[0].price == Decimal("1E-8")


def test_state_of_the_session_is_kept() -> None:
    (book, changed) = given(
        watch_book("AAPL"), snapshot(sequence=3), {"type": "state", "state": "HALTED", "new": "field"}
    )

    assert (book, changed.state) == (changed, "HALTED")


def test_book_that_is_out_of_step_is_not_shown_when_its_state_changes() -> None:
    books = watch_book("AAPL")
    given(books, snapshot(("1.50", "2", 1), sequence=3))
    books.receive(json.encode(update(("1.50", "3", 1), sequence=4, after=3, checksum=1)))

    assert given(books, {"type": "state", "state": "HALTED"}) == []
    (book,) = given(books, {**snapshot(sequence=5), "state": "HALTED"})
    assert book.state == "HALTED"


def test_unknown_kinds_of_messages_are_passed_over_and_unreadable_ones_told() -> None:
    books = watch_book("AAPL")

    assert given(books, {"type": "from_the_future", "x": 1}) == []
    with pytest.raises(NotUnderstood):
        given(books, {"type": "snapshot"})
