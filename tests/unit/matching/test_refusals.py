"""Refusals: each reason, the order of the checks, and that a refusal changes nothing."""

import pytest

from order_engine.matching.commands import Configure, DisableUser, EnableUser, PlaceOrder
from order_engine.matching.engine_state import dump_engine
from order_engine.matching.reason import Reason
from tests.builders import (
    Exchange,
    accepted,
    amend,
    buy,
    cancel,
    instrument,
    limits,
    rejected,
    sell,
    session,
    standing,
    trade,
)

UNLISTED, TAKEN, OFF_TICK, OFF_LOT, TAKES = (
    {"symbol": "ZZZ"},
    {"order_id": "live"},
    {"price": "100.005"},
    {"quantity": "1.5"},
    {"price": "101.00", "post_only": True},
)


def crowded_exchange() -> Exchange:
    """AAPL has a bid named ``live`` and an ask at 100.00; nothing else may be listed."""
    exchange = Exchange()
    exchange.apply(Configure(auto_list=False))
    exchange.apply_all(buy(order_id="live", price="50.00", user_id="ann", client_order_id="mine"), sell())
    return exchange


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (buy(**UNLISTED), Reason.UNKNOWN_SYMBOL),
        (buy(**UNLISTED, **TAKEN, **OFF_TICK, **OFF_LOT), Reason.UNKNOWN_SYMBOL),
        (buy(**TAKEN), Reason.DUPLICATE_ORDER_ID),
        (buy(**TAKEN, **OFF_TICK, **OFF_LOT, post_only=True), Reason.DUPLICATE_ORDER_ID),
        (sell(**TAKEN, user_id="bob"), Reason.DUPLICATE_ORDER_ID),
        (buy(user_id="ann", client_order_id="mine"), Reason.DUPLICATE_ORDER_ID),
        (buy(**OFF_TICK), Reason.TICK_SIZE),
        (buy(**OFF_TICK, **OFF_LOT, post_only=True), Reason.TICK_SIZE),
        (buy(**OFF_LOT), Reason.LOT_SIZE),
        (buy(**OFF_LOT, **TAKES), Reason.LOT_SIZE),
        (buy(**TAKES), Reason.POST_ONLY_WOULD_TAKE),
    ],
)
def test_refused_order_is_rejected_for_the_first_reason_and_changes_nothing(order: PlaceOrder, reason: Reason) -> None:
    exchange = crowded_exchange()
    _, *books_before = dump_engine(exchange.engine)

    events = exchange.apply(order)

    assert events == [rejected(order, 5, reason)]
    _, *books = dump_engine(exchange.engine)
    assert books == books_before


def test_clients_id_of_another_user_is_free() -> None:
    exchange, order = crowded_exchange(), buy(user_id="bob", client_order_id="mine", price="40.00")

    assert exchange.apply(order) == [accepted(order, 5)]


@pytest.mark.parametrize("ending", [sell(price="50.00"), cancel("live"), amend("live", quantity="0")])
def test_id_of_a_final_order_may_be_used_again(ending: PlaceOrder) -> None:
    exchange = Exchange()
    again = buy(order_id="live", user_id="ann", client_order_id="mine", price="40.00")
    exchange.apply_all(buy(order_id="live", user_id="ann", client_order_id="mine", price="50.00"), ending)

    assert exchange.apply(again) == [accepted(again, 4)]


def test_unnamed_order_whose_number_is_a_live_name_is_refused() -> None:
    exchange, unnamed = Exchange(), buy(price="40.00")
    exchange.apply(buy(order_id="3"))

    events = exchange.apply(unnamed)

    assert events == [rejected(unnamed, 3, Reason.DUPLICATE_ORDER_ID)]
    assert exchange.depth() == (["10@100.00 x1"], [])


def test_unnamed_order_is_named_by_its_sequence_and_trades_by_the_takers() -> None:
    exchange, ask, bid = Exchange(), sell(), buy(quantity="4")

    events = exchange.apply_all(ask, bid)

    assert events == [
        [accepted(ask, 2)],
        [
            accepted(bid, 3),
            trade(
                "3-1", "4@100.00", maker=standing(ask, 2, fills="4@100.00"), taker=standing(bid, 3, fills="4@100.00")
            ),
        ],
    ]
    assert (events[1][1].sell.order_id, events[1][1].buy.order_id) == ("2", "3")


def test_order_wrong_in_everything_is_refused_for_one_thing_after_the_other() -> None:
    exchange, faults = crowded_exchange(), {**TAKEN, **OFF_LOT, "price": "200.005", "expire_at": 1, "post_only": True}
    exchange.apply_all(instrument(band="10", reference="100.00"), limits(quantity="5"), session("HALTED"))
    exchange.apply(DisableUser(user_id="ann"))
    mendings = [
        (Reason.USER_DISABLED, [EnableUser(user_id="ann")], {}),
        (Reason.INSTRUMENT_HALTED, [session("CLOSED")], {}),
        (Reason.MARKET_CLOSED, [session("OPEN"), buy(order_id="live", price="91.00")], {}),
        (Reason.DUPLICATE_ORDER_ID, [], {"order_id": "free"}),
        (Reason.INVALID_INSTRUCTION, [], {"expire_at": 1_000}),
        (Reason.TICK_SIZE, [], {"price": "200.00"}),
        (Reason.LOT_SIZE, [], {"quantity": "10"}),
        (Reason.PRICE_OUT_OF_BAND, [], {"price": "105.00"}),
        (Reason.RISK_MAX_ORDER_QUANTITY, [], {"quantity": "5"}),
        (Reason.POST_ONLY_WOULD_TAKE, [], {"price": "99.00"}),
        (None, [], {}),
    ]

    reasons = []
    for _, commands, terms in mendings:
        reasons.append(exchange.apply(buy(user_id="ann", **faults))[0].order.reason)
        exchange.apply_all(*commands)
        faults |= terms

    assert reasons == [reason for reason, _, _ in mendings]
