"""The auction: one price for all, chosen rule by rule, and traded in price-time priority."""

import pytest

from order_engine.matching.auction import Indication, indicate
from order_engine.matching.reason import Reason
from tests.builders import Exchange, auction_trade, buy, canceled, entered, sell, session, standing, trade, triggered


def exchange_in_call(*orders: str, last_price: str | None = None) -> Exchange:
    """Make an exchange whose call took orders written ``BUY 10@100.00``, after a trade at the last price."""
    exchange = Exchange()
    if last_price is not None:
        exchange.apply_all(sell(quantity="1", price=last_price), buy(quantity="1", price=last_price))
    exchange.apply(session("PRE_OPEN"))
    for order in orders:
        side, terms = order.split()
        quantity, price = terms.split("@")
        exchange.apply((buy if side == "BUY" else sell)(quantity=quantity, price=price))
    return exchange


def price_found(exchange: Exchange) -> str | None:
    """Return the auction's price in whole units."""
    found = indicate(exchange.engine.books["AAPL"])
    return None if found is None else str(found.price_ticks // 100)


@pytest.mark.parametrize(
    ("rule", "orders", "last_price", "price"),
    [
        ("most executable", ("BUY 10@103", "BUY 5@101", "SELL 15@101", "SELL 20@103"), "103", "101"),
        ("least imbalance", ("BUY 10@104", "BUY 4@102", "SELL 10@101"), None, "104"),
        ("all have more to buy: highest", ("BUY 12@104", "SELL 10@101"), "101", "104"),
        ("all have more to sell: lowest", ("BUY 10@104", "SELL 12@101"), "104", "101"),
        ("nearest the last price", ("BUY 10@104", "SELL 10@101"), "103", "104"),
        ("nearest the last price, below", ("BUY 10@104", "SELL 10@101"), "90", "101"),
        ("equally near: the higher", ("BUY 10@105", "SELL 10@101"), "103", "105"),
        ("nothing has traded: the lowest", ("BUY 10@104", "SELL 10@101"), None, "101"),
        ("as much to buy here as to sell there", ("BUY 5@104", "BUY 1@101", "SELL 5@101", "SELL 1@104"), "110", "104"),
        ("locked", ("BUY 10@101", "SELL 3@101"), None, "101"),
        ("not crossed", ("BUY 10@100", "SELL 10@101"), None, None),
        ("one side only", ("BUY 10@100",), None, None),
    ],
)
def test_auction_price_follows_the_rule(rule: str, orders: tuple[str, ...], last_price: str | None, price: str) -> None:
    assert price_found(exchange_in_call(*orders, last_price=last_price)) == price


def test_price_is_one_on_the_book_though_the_last_price_lies_between() -> None:
    exchange = exchange_in_call("BUY 10@110", "SELL 10@100", last_price="106.00")

    assert price_found(exchange) == "110"


def test_hidden_quantity_counts_in_full_on_both_sides() -> None:
    exchange = Exchange()
    exchange.apply_all(session("PRE_OPEN"), sell(quantity="50", display="1", price="101.00"), buy(price="102.00"))
    exchange.apply(buy(quantity="45", display="2", price="101.00"))

    assert indicate(exchange.engine.books["AAPL"]) == Indication(10_100, 50, 5)


def test_indication_says_what_would_trade_and_what_would_be_left() -> None:
    exchange = exchange_in_call("BUY 10@103", "SELL 25@101")

    assert indicate(exchange.engine.books["AAPL"]) == Indication(10_100, 10, -15)


def test_heads_of_both_queues_trade_at_the_one_price() -> None:
    exchange = Exchange()
    best, early, late = buy(quantity="4", price="103.00"), buy(quantity="5", price="102.00"), buy(price="102.00")
    cheap, dear = sell(quantity="6", price="100.00"), sell(quantity="8", price="102.00")
    exchange.apply_all(session("PRE_OPEN"), early, dear, late, cheap, best)

    events = exchange.apply(session("OPEN"))

    at = "102.00"
    assert events == [
        entered("OPEN"),
        auction_trade(
            "8-1", f"4@{at}", buyer=standing(best, 7, fills=f"4@{at}"), seller=standing(cheap, 6, fills=f"4@{at}")
        ),
        auction_trade(
            "8-2", f"2@{at}", buyer=standing(early, 3, fills=f"2@{at}"), seller=standing(cheap, 6, fills=f"6@{at}")
        ),
        auction_trade(
            "8-3", f"3@{at}", buyer=standing(early, 3, fills=f"5@{at}"), seller=standing(dear, 4, fills=f"3@{at}")
        ),
        auction_trade(
            "8-4", f"5@{at}", buyer=standing(late, 5, fills=f"5@{at}"), seller=standing(dear, 4, fills=f"8@{at}")
        ),
    ]
    assert exchange.depth() == (["5@102.00 x1"], [])


def test_order_left_by_the_auction_keeps_its_place() -> None:
    exchange, early, late, taker = Exchange(), buy(), buy(), sell(quantity="7")
    exchange.apply_all(session("PRE_OPEN"), early, late, sell(quantity="4"), session("OPEN"))

    events = exchange.apply(taker)

    assert events[1] == trade(
        "7-1", "6@100.00", maker=standing(early, 3, fills="10@100.00"), taker=standing(taker, 7, fills="6@100.00")
    )


def test_stops_are_looked_at_after_the_auction() -> None:
    exchange, stop = Exchange(), buy(stop="100.00")
    exchange.apply_all(session("PRE_OPEN"), stop, buy(), sell())

    events = exchange.apply(session("OPEN"))

    assert events[2:] == [triggered(stop, 3), canceled(stop, 3, "10", Reason.NO_LIQUIDITY, triggered=True)]


def test_trailing_stop_follows_the_auction_price() -> None:
    exchange = Exchange()
    exchange.apply_all(session("PRE_OPEN"), sell(trail="5.00", order_id="s"), buy(), sell(), session("OPEN"))

    assert exchange.engine.live.by_key["s"].stop_price_e8 == 95 * 10**8
