"""Amends: less at the same price keeps its place, any other change loses it; a refusal changes nothing."""

import pytest

from order_engine.matching.events import AmendRejected, OrderAmended
from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, amend, buy, canceled, sell, standing, trade


def test_smaller_quantity_at_the_same_price_keeps_its_place() -> None:
    exchange, early, late, taker = Exchange(), buy(order_id="early"), buy(order_id="late"), sell(quantity="7")
    exchange.apply_all(early, late)

    events = exchange.apply_all(amend("early", quantity="6"), taker)

    assert events == [
        [OrderAmended(standing(early, 2, quantity="6"))],
        [
            accepted(taker, 5),
            trade(
                "5-1",
                "6@100.00",
                maker=standing(early, 2, quantity="6", fills="6@100.00"),
                taker=standing(taker, 5, fills="6@100.00"),
            ),
            trade(
                "5-2",
                "1@100.00",
                maker=standing(late, 3, fills="1@100.00"),
                taker=standing(taker, 5, fills="6@100.00 1@100.00"),
            ),
        ],
    ]


@pytest.mark.parametrize(
    "terms", [{"quantity": "11"}, {"price": "100.00", "quantity": "11"}], ids=["quantity", "same price named"]
)
def test_larger_quantity_goes_to_the_back(terms: dict[str, str]) -> None:
    exchange, early, late, taker = Exchange(), buy(order_id="early"), buy(order_id="late"), sell(quantity="1")
    exchange.apply_all(early, late)

    events = exchange.apply_all(amend("early", **terms), taker)

    assert events == [
        [OrderAmended(standing(early, 2, quantity="11"))],
        [
            accepted(taker, 5),
            trade(
                "5-1", "1@100.00", maker=standing(late, 3, fills="1@100.00"), taker=standing(taker, 5, fills="1@100.00")
            ),
        ],
    ]


def test_order_that_leaves_its_price_and_comes_back_stands_at_the_back() -> None:
    exchange, early, late, taker = Exchange(), sell(order_id="early"), sell(order_id="late"), buy(quantity="1")
    exchange.apply_all(early, late)

    events = exchange.apply_all(amend("early", price="100.01"), amend("early", price="100.00"), taker)

    assert events == [
        [OrderAmended(standing(early, 2, price="100.01"))],
        [OrderAmended(standing(early, 2))],
        [
            accepted(taker, 6),
            trade(
                "6-1", "1@100.00", maker=standing(late, 3, fills="1@100.00"), taker=standing(taker, 6, fills="1@100.00")
            ),
        ],
    ]


def test_amend_that_crosses_matches_at_once_and_keeps_its_id() -> None:
    exchange, bid, ask = Exchange(), buy(order_id="b", price="99.00"), sell(order_id="s", quantity="4")
    exchange.apply_all(bid, ask)

    events = exchange.apply(amend("b", price="101.00", quantity="12"))

    assert events == [
        OrderAmended(standing(bid, 2, price="101.00", quantity="12")),
        trade(
            "4-1",
            "4@100.00",
            maker=standing(ask, 3, fills="4@100.00"),
            taker=standing(bid, 2, price="101.00", quantity="12", fills="4@100.00"),
        ),
    ]
    assert exchange.depth() == (["8@101.00 x1"], [])


def test_quantity_is_the_new_total_of_a_partly_filled_order() -> None:
    exchange, bid = Exchange(), buy(order_id="b")
    exchange.apply_all(bid, sell(quantity="4"))

    events = exchange.apply(amend("b", quantity="5"))

    assert events == [OrderAmended(standing(bid, 2, quantity="5", fills="4@100.00"))]
    assert exchange.depth() == (["1@100.00 x1"], [])


def test_quantity_zero_cancels() -> None:
    exchange, bid = Exchange(), buy(order_id="b")
    exchange.apply_all(bid, sell(quantity="4"))

    events = exchange.apply(amend("b", quantity="0"))

    assert events == [canceled(bid, 2, "6", Reason.USER_REQUESTED, fills="4@100.00")]


@pytest.mark.parametrize("quantity", ["3", "4"])
def test_quantity_at_or_under_what_is_filled_cancels_the_rest(quantity: str) -> None:
    exchange, bid = Exchange(), buy(order_id="b")
    exchange.apply_all(bid, sell(quantity="4"))

    events = exchange.apply(amend("b", quantity=quantity, price="105.00"))

    assert events == [canceled(bid, 2, "6", Reason.AMENDED_BELOW_FILLED, fills="4@100.00")]


def test_amend_that_changes_nothing_is_accepted_and_keeps_its_place() -> None:
    exchange, early, late, taker = Exchange(), buy(order_id="early"), buy(order_id="late"), sell(quantity="1")
    exchange.apply_all(early, late)

    events = exchange.apply_all(amend("early", price="100.00", quantity="10"), taker)

    assert events == [
        [OrderAmended(standing(early, 2))],
        [
            accepted(taker, 5),
            trade(
                "5-1",
                "1@100.00",
                maker=standing(early, 2, fills="1@100.00"),
                taker=standing(taker, 5, fills="1@100.00"),
            ),
        ],
    ]


def test_post_only_order_amended_to_cross_is_refused_and_unchanged() -> None:
    exchange, bid = Exchange(), buy(order_id="b", price="99.00", post_only=True)
    exchange.apply_all(bid, sell())

    events = exchange.apply(amend("b", price="100.00", quantity="5"))

    assert events == [AmendRejected("b", "AAPL", Reason.POST_ONLY_WOULD_TAKE)]
    assert exchange.depth() == (["10@99.00 x1"], ["10@100.00 x1"])


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"price": "100.005"}, Reason.TICK_SIZE),
        ({"quantity": "5.5"}, Reason.LOT_SIZE),
        ({"price": "100.005", "quantity": "5.5"}, Reason.TICK_SIZE),
        ({"price": "100.005", "quantity": "0"}, Reason.TICK_SIZE),
    ],
)
def test_amend_off_the_tick_or_lot_is_refused_and_unchanged(terms: dict[str, str], reason: Reason) -> None:
    exchange = Exchange()
    exchange.apply(buy(order_id="b"))

    events = exchange.apply(amend("b", **terms))

    assert events == [AmendRejected("b", "AAPL", reason)]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_amend_of_an_unknown_order_is_refused() -> None:
    exchange = Exchange()

    events = exchange.apply(amend("nobody's", price="100.005"))

    assert events == [AmendRejected("nobody's", None, Reason.UNKNOWN_ORDER)]


def test_amend_of_a_final_order_is_refused() -> None:
    exchange = Exchange()
    exchange.apply_all(buy(order_id="b"), sell())

    events = exchange.apply(amend("b", quantity="20"))

    assert events == [AmendRejected("b", None, Reason.UNKNOWN_ORDER)]


def test_amend_with_the_wrong_symbol_is_refused() -> None:
    exchange = Exchange()
    exchange.apply(buy(order_id="b"))

    events = exchange.apply(amend("b", symbol="MSFT", quantity="5"))

    assert events == [AmendRejected("b", "MSFT", Reason.UNKNOWN_ORDER)]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_amend_finds_the_order_by_its_clients_id() -> None:
    exchange, bid = Exchange(), buy(user_id="ann", client_order_id="mine")
    exchange.apply_all(bid, buy(user_id="bob", client_order_id="mine"))

    events = exchange.apply(amend(user_id="ann", client_order_id="mine", quantity="5"))

    assert events == [OrderAmended(standing(bid, 2, quantity="5"))]


def test_post_only_order_may_be_amended_away_at_any_price() -> None:
    exchange, bid = Exchange(), buy(order_id="b", price="99.00", post_only=True)
    exchange.apply_all(bid, sell())

    events = exchange.apply(amend("b", price="100.00", quantity="0"))

    assert events == [canceled(bid, 2, "10", Reason.USER_REQUESTED)]
