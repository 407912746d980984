"""LIMIT and MARKET; GTC, IOC and FOK; post-only."""

import pytest

from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, buy, canceled, rejected, sell, standing, trade


def test_market_order_matches_at_any_price_and_gives_up_the_rest() -> None:
    exchange, near, far = Exchange(), sell(quantity="4", price="100.00"), sell(quantity="3", price="900.00")
    market = buy(price=None)
    exchange.apply_all(near, far)

    events = exchange.apply(market)

    assert events == [
        accepted(market, 4),
        trade(
            "4-1", "4@100.00", maker=standing(near, 2, fills="4@100.00"), taker=standing(market, 4, fills="4@100.00")
        ),
        trade(
            "4-2",
            "3@900.00",
            maker=standing(far, 3, fills="3@900.00"),
            taker=standing(market, 4, fills="4@100.00 3@900.00"),
        ),
        canceled(market, 4, "3", Reason.NO_LIQUIDITY, fills="4@100.00 3@900.00"),
    ]


@pytest.mark.parametrize("time_in_force", ["GTC", "IOC"])
def test_market_order_in_an_empty_book_is_canceled(time_in_force: str) -> None:
    exchange, market = Exchange(), sell(price=None, time_in_force=time_in_force)

    events = exchange.apply(market)

    assert events == [accepted(market, 2), canceled(market, 2, "10", Reason.NO_LIQUIDITY)]
    assert exchange.depth() == ([], [])


def test_ioc_remainder_is_canceled() -> None:
    exchange, ask, ioc = Exchange(), sell(quantity="4"), buy(time_in_force="IOC")
    exchange.apply_all(ask, sell(price="100.01"))

    events = exchange.apply(ioc)

    assert events == [
        accepted(ioc, 4),
        trade("4-1", "4@100.00", maker=standing(ask, 2, fills="4@100.00"), taker=standing(ioc, 4, fills="4@100.00")),
        canceled(ioc, 4, "6", Reason.IOC_REMAINDER, fills="4@100.00"),
    ]
    assert exchange.depth() == ([], ["10@100.01 x1"])


def test_fok_order_that_finds_enough_fills_whole() -> None:
    exchange, first, second = Exchange(), sell(quantity="4"), sell(quantity="6", price="100.50")
    fok = buy(price="100.50", time_in_force="FOK")
    exchange.apply_all(first, second)

    events = exchange.apply(fok)

    assert events == [
        accepted(fok, 4),
        trade("4-1", "4@100.00", maker=standing(first, 2, fills="4@100.00"), taker=standing(fok, 4, fills="4@100.00")),
        trade(
            "4-2",
            "6@100.50",
            maker=standing(second, 3, fills="6@100.50"),
            taker=standing(fok, 4, fills="4@100.00 6@100.50"),
        ),
    ]


def test_fok_order_one_lot_short_trades_nothing() -> None:
    exchange, fok = Exchange(), buy(time_in_force="FOK")
    exchange.apply_all(sell(quantity="9"), sell(quantity="100", price="100.01"))

    events = exchange.apply(fok)

    assert events == [accepted(fok, 4), canceled(fok, 4, "10", Reason.FOK_UNFILLED)]
    assert exchange.depth() == ([], ["9@100.00 x1", "100@100.01 x1"])


def test_fok_market_order_looks_at_the_whole_side() -> None:
    exchange, ask = Exchange(), sell(price="900.00")
    too_much, enough = buy(price=None, quantity="11", time_in_force="FOK"), buy(price=None, time_in_force="FOK")
    exchange.apply(ask)

    events = exchange.apply_all(too_much, enough)

    assert events == [
        [accepted(too_much, 3), canceled(too_much, 3, "11", Reason.FOK_UNFILLED)],
        [
            accepted(enough, 4),
            trade(
                "4-1",
                "10@900.00",
                maker=standing(ask, 2, fills="10@900.00"),
                taker=standing(enough, 4, fills="10@900.00"),
            ),
        ],
    ]


@pytest.mark.parametrize("price", ["100.00", "100.01"])
def test_post_only_order_that_would_take_is_refused(price: str) -> None:
    exchange, maker = Exchange(), buy(price=price, post_only=True, user_id="ann")
    exchange.apply(sell(user_id="ann"))

    events = exchange.apply(maker)

    assert events == [rejected(maker, 3, Reason.POST_ONLY_WOULD_TAKE)]
    assert exchange.depth() == ([], ["10@100.00 x1"])


def test_post_only_order_behind_the_best_price_rests_and_makes() -> None:
    exchange, maker, taker = Exchange(), buy(price="99.99", post_only=True), sell(price="99.99")
    exchange.apply_all(sell(), maker)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 4),
        trade(
            "4-1", "10@99.99", maker=standing(maker, 3, fills="10@99.99"), taker=standing(taker, 4, fills="10@99.99")
        ),
    ]
