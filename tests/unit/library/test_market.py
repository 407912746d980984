"""A market in this process: decimals in and out, every refusal told, the same rules as the engine's."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import order_engine
from order_engine import FormError, Market, Refused
from order_engine.library.market import EPOCH
from order_engine.matching.commands import CancelAll, PlaceOrder, SetState, Side
from order_engine.matching.events import OrderRejected, TradeExecuted


@pytest.fixture
def market() -> Market:
    market = Market()
    market.place("AAPL", "SELL", "100", "150.50", user_id="ann", order_id="ask")
    return market


def test_order_comes_back_with_its_trades_in_decimals(market: Market) -> None:
    order = market.place("AAPL", "buy", Decimal("130.5"), 151, user_id="bob", client_order_id="mine")

    assert (order.status, order.filled_quantity, order.remaining_quantity) == (
        "PARTIALLY_FILLED",
        Decimal(100),
        Decimal("30.5"),
    )
    assert (str(order.price), str(order.average_price), order.client_order_id) == ("151.00", "150.50", "mine")
    (trade,) = order.trades
    assert (str(trade.price), trade.quantity, trade.taker_side) == ("150.50", 100, Side.BUY)
    assert (trade.sell_order_id, trade.sell_user_id, trade.buy_user_id) == ("ask", "ann", "bob")
    assert market.trades == (trade,)
    assert any(isinstance(event, TradeExecuted) for event in market.events)
    assert (market.position("bob", "AAPL"), market.position("ann", "AAPL")) == (100, -100)
    assert market.last_price("AAPL") == Decimal("150.50")


def test_depth_has_levels_of_both_sides_best_first(market: Market) -> None:
    for price in ("149", "149.5", "149.50"):
        market.place("AAPL", "BUY", 1, price)

    depth = market.depth("AAPL", levels=1)

    assert (depth.bids, depth.asks) == (((Decimal("149.50"), 2, 2),), ((Decimal("150.50"), 100, 1),))
    assert len(market.depth("AAPL", None).bids) == 2
    with pytest.raises(KeyError):
        market.depth("NONE")


def test_amend_and_cancel_return_the_order_or_say_why_not(market: Market) -> None:
    amended = market.amend("ask", quantity="60", price="150")
    assert (amended.quantity, str(amended.price)) == (60, "150.00")
    market.place("AAPL", "BUY", 5, 140, user_id="bob")
    crossed = market.amend("ask", price=140)
    assert [trade.quantity for trade in crossed.trades] == [5]
    assert market.cancel("ask").status == "CANCELED"

    with pytest.raises(Refused, match="unknown_order") as refused:
        market.cancel("ask")
    assert refused.value.reason == "unknown_order"
    with pytest.raises(Refused, match="unknown_order"):
        market.amend("ask", quantity=1)
    assert market.order("ask") is None


def test_users_orders_are_listed_and_canceled_together(market: Market) -> None:
    market.place("AAPL", "BUY", 1, 100, user_id="bob", order_id="low")
    market.place("AAPL", "SELL", 1, 200, user_id="bob", order_id="high")

    assert [order.order_id for order in market.orders("bob")] == ["low", "high"]
    assert [order.order_id for order in market.cancel_all("bob", side="SELL")] == ["high"]
    assert [order.order_id for order in market.orders("bob")] == ["low"]


def test_refused_order_is_returned_and_changes_nothing(market: Market) -> None:
    refused = market.place("AAPL", "BUY", 1, "150.505")

    assert (refused.status, refused.reason) == ("REJECTED", "tick_size")
    assert market.depth("AAPL").bids == ()


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"quantity": 1.5}, "quantity"),
        ({"side": "HOLD"}, "side"),
        ({"price": "cheap"}, "price"),
        ({"prise": "1"}, "prise"),
        ({"stop_price": "1"}, "stop_price"),
    ],
)
def test_what_is_no_order_raises_and_names_the_field(market: Market, terms: dict[str, object], field: str) -> None:
    order: dict[str, object] = {"symbol": "AAPL", "side": "BUY", "quantity": 1, "price": 1, **terms}
    before = len(market.events)
    with pytest.raises(FormError) as refused:
        market.place(**order)  # type: ignore[arg-type]  # as callers without a type checker do

    assert list(refused.value.errors) == [field]
    assert len(market.events) == before


def test_time_stands_still_until_it_is_moved_and_orders_expire_then() -> None:
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    market = Market(noon)
    market.place("AAPL", "BUY", 1, 1, order_id="a", time_in_force="GTD", expire_at=noon + timedelta(minutes=1))

    market.advance_to(noon + timedelta(seconds=59))
    assert market.order("a") is not None
    market.advance_to(noon + timedelta(seconds=60))

    assert market.order("a") is None
    assert market.time == noon + timedelta(minutes=1)
    with pytest.raises(ValueError, match="has passed"):
        market.advance_to(EPOCH)
    with pytest.raises(ValueError, match="no time zone"):
        market.advance_to(datetime(2027, 1, 1))  # noqa: DTZ001 -- that is what is refused


def test_venue_lists_calls_an_auction_and_settles() -> None:
    market = Market()
    market.list_instrument("RAIN", tick_size="0.001", max_price=1)
    market.set_state("RAIN", "PRE_OPEN")
    market.place("RAIN", "BUY", 10, "0.6", user_id="ann")
    market.place("RAIN", "SELL", 10, "0.4", user_id="bob")
    assert market.trades == ()

    market.set_state("RAIN", "OPEN")
    (trade,) = market.trades
    assert (trade.quantity, trade.taker_side) == (10, None)
    market.settle("RAIN", 1)

    assert market.depth("RAIN").state == "CLOSED"
    assert market.position("ann", "RAIN") == 0
    with pytest.raises(Refused, match="market_closed"):
        market.set_state("RAIN", "OPEN")


def test_commands_of_the_engine_are_carried_out_too() -> None:
    market = Market()

    events = market.apply(PlaceOrder(symbol="AAPL", side="BUY", quantity_e8=100, price_e8=1))  # type: ignore[arg-type]

    assert [type(event) for event in events] == [OrderRejected]


def test_enumerations_take_their_values_as_text_and_refuse_others() -> None:
    placed = PlaceOrder(symbol="A", side="SELL", quantity_e8=1, time_in_force="IOC", order_type="LIMIT")  # type: ignore[arg-type]
    market = Market()
    market.place("A", "BUY", "1", "1")

    (_, trade, *_) = market.apply(
        PlaceOrder(symbol="A", side="SELL", quantity_e8=10**8, price_e8=10**8, time_in_force="FOK")  # type: ignore[arg-type]
    )

    assert placed.side is Side.SELL
    assert isinstance(trade, TradeExecuted)
    assert SetState(symbol="A", state="HALTED").state.name == "HALTED"  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="HOLD"):
        PlaceOrder(symbol="A", side="HOLD", quantity_e8=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="both"):
        CancelAll(user_id="ann", side="both")  # type: ignore[arg-type]


def test_face_of_the_package_has_what_it_names() -> None:
    for name in order_engine.__all__:
        assert getattr(order_engine, name) is not None
    with pytest.raises(AttributeError, match="Markt"):
        order_engine.Markt  # noqa: B018
