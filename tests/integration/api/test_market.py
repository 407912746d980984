"""The market: depth, top of book, statistics."""

from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place, problem, sell


def test_depth_shows_the_best_levels_first(client: FlaskClient) -> None:
    for price in ("150.10", "150.20", "150.20", "149"):
        place(client, buy(price=price, quantity="0.5"))
    last = place(client, sell(price="151", quantity="7"))

    for path in ("/market/AAPL/depth?levels=10", "/market/aapl/depth", "/orderbook/AAPL"):
        assert answered(client.get(path)) == {
            "symbol": "AAPL",
            "sequence": last["sequence"],
            "bids": [["150.20", "1", 2], ["150.10", "0.5", 1], ["149.00", "0.5", 1]],
            "asks": [["151.00", "7", 1]],
            "state": "OPEN",
        }
    assert answered(client.get("/market/AAPL/depth?levels=1"))["bids"] == [["150.20", "1", 2]]


def test_depth_has_ten_levels_unless_asked_for_more_and_a_book_all(client: FlaskClient) -> None:
    for price in range(100, 112):
        place(client, buy(price=price))

    assert len(answered(client.get("/market/AAPL/depth"))["bids"]) == 10
    assert len(answered(client.get("/market/AAPL/depth?levels=12"))["bids"]) == 12
    assert len(answered(client.get("/orderbook/AAPL"))["bids"]) == 12


def test_markets_are_listed_by_symbol_and_paged(client: FlaskClient) -> None:
    for symbol in ("MSFT", "AAPL", "ZM"):
        place(client, buy(symbol=symbol))
    place(client, sell(symbol="MSFT"))

    every = answered(client.get("/market"))
    first = answered(client.get("/market?limit=2"))
    rest = answered(client.get(f"/market?limit=2&cursor={first['next_cursor']}"))

    assert [market["symbol"] for market in every["markets"]] == ["AAPL", "MSFT", "ZM"]
    assert every["markets"][1] == answered(client.get("/market/MSFT"))
    assert every["next_cursor"] is None
    assert first["markets"] + rest["markets"] == every["markets"]
    assert rest["next_cursor"] is None


def test_top_of_an_empty_side_is_null(client: FlaskClient) -> None:
    order = place(client, buy())

    for path in ("/bbo/AAPL", "/market/AAPL/bbo"):
        assert answered(client.get(path)) == {
            "symbol": "AAPL",
            "sequence": order["sequence"],
            "best_bid": "150.50",
            "best_bid_quantity": "100",
            "best_ask": None,
            "best_ask_quantity": None,
        }


def test_market_sums_up_the_day(client: FlaskClient) -> None:
    place(client, buy(price="100", quantity="1"))
    place(client, sell(price="100", quantity="1"))
    place(client, buy(price="101", quantity="2"))
    last = place(client, sell(price="101", quantity="2"))

    assert answered(client.get("/market/AAPL")) == {
        "symbol": "AAPL",
        "sequence": last["sequence"],
        "state": "OPEN",
        "best_bid": None,
        "best_bid_quantity": None,
        "best_ask": None,
        "best_ask_quantity": None,
        "last_price": "101.00",
        "volume": "3",
        "vwap": "100.66666667",
        "open": "100.00",
        "high": "101.00",
        "low": "100.00",
        "change": "1.00",
        "change_percent": "1",
        "trade_count": 2,
    }


def test_change_is_negative_for_a_fall_and_its_percentage_has_two_decimals(client: FlaskClient) -> None:
    for price in ("3", "2"):
        place(client, buy(price=price, quantity="1"))
        place(client, sell(price=price, quantity="1"))

    market = answered(client.get("/market/AAPL"))

    assert (market["change"], market["change_percent"]) == ("-1.00", "-33.33")


def test_candles_are_paged_from_a_time_or_back_from_the_newest(client: FlaskClient) -> None:
    place(client, buy(price="100", quantity="1"))
    place(client, sell(price="100", quantity="1"))
    path = "/market/AAPL/candles?interval=1d"
    every = answered(client.get(path))
    start = every["candles"][0]["start"]

    assert [candle["close"] for candle in every["candles"]] == ["100.00"]
    assert every["next_cursor"] is None
    assert answered(client.get(f"{path}&since={start}"))["candles"] == every["candles"]
    assert answered(client.get(f"{path}&since={start}&until={start}"))["candles"] == []
    assert answered(client.get(f"{path}&until={start}"))["candles"] == []
    problem(client.get(f"{path}&cursor=x"), 400, "invalid_fields")


def test_market_of_an_instrument_that_never_traded_has_no_prices(client: FlaskClient) -> None:
    place(client, buy())

    market = answered(client.get("/market/AAPL"))

    assert (market["last_price"], market["vwap"], market["volume"], market["trade_count"]) == (None, None, "0", 0)


def test_unlisted_symbol_is_unknown_everywhere(client: FlaskClient) -> None:
    for path in ("/market/NONE", "/market/NONE/depth", "/orderbook/NONE", "/bbo/NONE", "/instruments/NONE"):
        problem(client.get(path), 404, "unknown_symbol")


def test_symbol_of_wrong_form_is_named(client: FlaskClient) -> None:
    for symbol in ("%C3%84PFEL", "A%20B", "-A", "A" * 33, "%F0%9F%98%80", "A%00"):
        response = client.get(f"/market/{symbol}/depth")

        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"symbol"}


def test_number_of_levels_must_be_sane(client: FlaskClient) -> None:
    for levels in ("0", "-1", "1001", "1.5", "1e1", "", "9" * 100):
        response = client.get(f"/market/AAPL/depth?levels={levels}")

        assert set(problem(response, 400, "invalid_fields")["errors"]) == {"levels"}
