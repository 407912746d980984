"""Icebergs: what they show, and when and where the next slice is queued."""

from order_engine.matching.events import AmendRejected
from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, amend, amended, buy, canceled, rejected, sell, session, standing, trade


def test_only_the_slice_shows() -> None:
    exchange, iceberg = Exchange(), sell(quantity="100", display="10")

    events = exchange.apply(iceberg)

    assert events == [accepted(iceberg, 2)]
    assert exchange.depth() == ([], ["10@100.00 x1"])


def test_used_up_slice_is_followed_by_another_at_the_back() -> None:
    exchange, iceberg, other, taker = (
        Exchange(),
        sell(quantity="12", display="5"),
        sell(quantity="3"),
        buy(quantity="11"),
    )
    exchange.apply_all(iceberg, other)

    events = exchange.apply(taker)

    assert events == [
        accepted(taker, 4),
        trade(
            "4-1", "5@100.00", maker=standing(iceberg, 2, fills="5@100.00"), taker=standing(taker, 4, fills="5@100.00")
        ),
        trade(
            "4-2", "3@100.00", maker=standing(other, 3, fills="3@100.00"), taker=standing(taker, 4, fills="8@100.00")
        ),
        trade(
            "4-3", "3@100.00", maker=standing(iceberg, 2, fills="8@100.00"), taker=standing(taker, 4, fills="11@100.00")
        ),
    ]
    assert exchange.depth() == ([], ["2@100.00 x1"])


def test_incoming_order_comes_round_to_it_again_and_again() -> None:
    exchange, iceberg, taker = Exchange(), sell(quantity="5", display="2"), buy(quantity="9")
    exchange.apply(iceberg)

    events = exchange.apply(taker)

    assert [event.quantity_e8 // 10**8 for event in events[1:]] == [2, 2, 1]
    assert exchange.depth() == (["4@100.00 x1"], [])


def test_partly_used_slice_keeps_its_place() -> None:
    exchange, iceberg, other = Exchange(), sell(quantity="20", display="5"), sell(quantity="3")
    first, second = buy(quantity="4"), buy(quantity="1")
    exchange.apply_all(iceberg, other, first)

    events = exchange.apply(second)

    assert events[1] == trade(
        "5-1", "1@100.00", maker=standing(iceberg, 2, fills="5@100.00"), taker=standing(second, 5, fills="1@100.00")
    )


def test_incoming_iceberg_trades_whole_and_then_shows_its_slice() -> None:
    exchange, iceberg = Exchange(), buy(quantity="20", display="3")
    exchange.apply(sell(quantity="12"))

    exchange.apply(iceberg)

    assert exchange.depth() == (["3@100.00 x1"], [])


def test_fok_order_counts_what_is_hidden() -> None:
    exchange, iceberg, fok = Exchange(), sell(quantity="100", display="10"), buy(quantity="100", time_in_force="FOK")
    exchange.apply(iceberg)

    events = exchange.apply(fok)

    assert len(events) == 11
    assert exchange.depth() == ([], [])


def test_fok_order_one_lot_short_of_what_is_hidden_trades_nothing() -> None:
    exchange, fok = Exchange(), buy(quantity="101", time_in_force="FOK")
    exchange.apply(sell(quantity="100", display="10"))

    events = exchange.apply(fok)

    assert events == [accepted(fok, 3), canceled(fok, 3, "101", Reason.FOK_UNFILLED)]
    assert exchange.depth() == ([], ["10@100.00 x1"])


def test_iceberg_shrinks_from_its_hidden_part_first() -> None:
    exchange, iceberg = Exchange(), sell(quantity="20", display="5", order_id="i")
    exchange.apply_all(iceberg, buy(quantity="2"))

    shown = []
    for quantity in ("10", "5", "4"):
        exchange.apply(amend("i", quantity=quantity))
        shown += exchange.depth()[1]

    assert shown == ["3@100.00 x1", "3@100.00 x1", "2@100.00 x1"]


def test_new_display_quantity_resizes_the_slice_in_place() -> None:
    exchange, iceberg, other = Exchange(), sell(quantity="20", display="5", order_id="i"), sell()
    taker = buy(quantity="8")
    exchange.apply_all(iceberg, other)

    events = exchange.apply_all(amend("i", display="8"), taker)

    assert events == [
        [amended(iceberg, 2, display="8")],
        [
            accepted(taker, 5),
            trade(
                "5-1",
                "8@100.00",
                maker=standing(iceberg, 2, display="8", fills="8@100.00"),
                taker=standing(taker, 5, fills="8@100.00"),
            ),
        ],
    ]


def test_display_quantity_beyond_the_total_shows_all() -> None:
    exchange, iceberg = Exchange(), sell(quantity="20", display="5", order_id="i")
    exchange.apply(iceberg)

    events = exchange.apply(amend("i", display="30"))

    assert events == [amended(iceberg, 2, display="30")]
    assert exchange.depth() == ([], ["20@100.00 x1"])


def test_order_that_is_no_iceberg_has_no_display_quantity_to_amend() -> None:
    exchange = Exchange()
    exchange.apply(sell(order_id="s"))

    assert exchange.apply(amend("s", display="5")) == [AmendRejected("s", "AAPL", Reason.INVALID_INSTRUCTION)]


def test_iceberg_amended_to_more_than_ten_thousand_slices_is_refused() -> None:
    exchange = Exchange()
    exchange.apply(sell(quantity="10000", display="1", order_id="i"))

    assert exchange.apply(amend("i", quantity="10001")) == [AmendRejected("i", "AAPL", Reason.INVALID_INSTRUCTION)]


def test_display_quantity_of_a_broken_lot_is_refused() -> None:
    exchange, iceberg = Exchange(), sell(display="1.5")

    assert exchange.apply(iceberg) == [rejected(iceberg, 2, Reason.LOT_SIZE)]


def test_iceberg_that_traded_in_an_auction_shows_a_whole_slice_in_its_place() -> None:
    exchange, iceberg, other = Exchange(), sell(quantity="20", display="5"), sell(quantity="1")
    exchange.apply_all(session("PRE_OPEN"), iceberg, other, buy(quantity="8"), session("OPEN"))
    taker = buy(quantity="5")

    depth, events = exchange.depth(), exchange.apply(taker)

    assert depth == ([], ["6@100.00 x2"])
    assert events[1:] == [
        trade(
            "7-1", "5@100.00", maker=standing(iceberg, 3, fills="13@100.00"), taker=standing(taker, 7, fills="5@100.00")
        )
    ]
