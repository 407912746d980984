"""Trailing stops: they follow the last price at their distance, in their favour only."""

from order_engine.matching.events import Event, OrderState
from order_engine.matching.reason import Reason
from tests.builders import Exchange, accepted, amend, amended, buy, canceled, rejected, sell, triggered


def trade_at(exchange: Exchange, price: str, quantity: str = "1") -> list[Event]:
    exchange.apply(sell(quantity=quantity, price=price))
    return exchange.apply(buy(quantity=quantity, price=price))


def order_of(exchange: Exchange, order_id: str) -> OrderState:
    return exchange.engine.live.by_key[order_id].state()


def stop_price(exchange: Exchange, order_id: str) -> int | None:
    stop_price_e8 = order_of(exchange, order_id).stop_price_e8
    return None if stop_price_e8 is None else stop_price_e8 // 10**8


def test_trailing_stop_starts_from_the_last_price() -> None:
    exchange, falling, rising = Exchange(), sell(trail="5.00"), buy(trail="5.00")
    trade_at(exchange, "100.00")

    events = exchange.apply_all(falling, rising)

    assert events == [[accepted(falling, 4, stop="95.00")], [accepted(rising, 5, stop="105.00")]]


def test_trailing_stop_has_no_stop_price_before_any_trade() -> None:
    exchange, stop = Exchange(), sell(trail="5.00", order_id="s")

    events = exchange.apply(stop)
    trade_at(exchange, "100.00")

    assert events == [accepted(stop, 2)]
    assert stop_price(exchange, "s") == 95


def test_sell_stop_follows_the_price_up_and_never_down() -> None:
    exchange = Exchange()
    trade_at(exchange, "100.00")
    exchange.apply(sell(trail="5.00", order_id="s"))

    seen = []
    for price in ("103.00", "99.00", "102.00", "104.00"):
        trade_at(exchange, price)
        seen.append(stop_price(exchange, "s"))

    assert seen == [98, 98, 98, 99]


def test_buy_stop_follows_the_price_down_and_never_up() -> None:
    exchange = Exchange()
    trade_at(exchange, "100.00")
    exchange.apply(buy(trail="5.00", order_id="b"))

    seen = []
    for price in ("97.00", "101.00", "96.00"):
        trade_at(exchange, price)
        seen.append(stop_price(exchange, "b"))

    assert seen == [102, 102, 101]


def test_only_the_last_price_of_a_matching_step_counts() -> None:
    exchange = Exchange()
    trade_at(exchange, "100.00")
    exchange.apply_all(sell(trail="5.00", order_id="s"), buy(price="107.00", quantity="1"), buy(price="101.00"))

    exchange.apply(sell(price="101.00", quantity="2"))

    assert stop_price(exchange, "s") == 96


def test_trailing_stop_triggers_where_it_has_got_to() -> None:
    exchange, stop = Exchange(), sell(trail="5.00", order_id="s")
    trade_at(exchange, "100.00")
    exchange.apply(stop)
    trade_at(exchange, "110.00")

    events = trade_at(exchange, "105.00")

    assert events[2:] == [triggered(stop, 4), canceled(stop, 4, "10", Reason.NO_LIQUIDITY, triggered=True)]


def test_new_trail_moves_the_stop_from_the_best_price() -> None:
    exchange, stop = Exchange(), sell(trail="5.00", order_id="s")
    trade_at(exchange, "100.00")
    exchange.apply(stop)
    trade_at(exchange, "110.00")
    trade_at(exchange, "107.00")

    events = exchange.apply(amend("s", trail="4.00"))

    assert events == [amended(stop, 4, trail="4.00", stop="106.00")]


def test_new_trail_that_reaches_the_last_price_triggers_at_once() -> None:
    exchange, stop = Exchange(), sell(trail="5.00", order_id="s")
    trade_at(exchange, "100.00")
    exchange.apply(stop)
    trade_at(exchange, "110.00")
    trade_at(exchange, "107.00")

    events = exchange.apply(amend("s", trail="3.00"))

    assert events == [
        amended(stop, 4, trail="3.00", stop="107.00"),
        triggered(stop, 4),
        canceled(stop, 4, "10", Reason.NO_LIQUIDITY, triggered=True),
    ]


def test_trail_off_the_tick_is_refused() -> None:
    exchange, stop = Exchange(), sell(trail="0.005")

    assert exchange.apply(stop) == [rejected(stop, 2, Reason.TICK_SIZE)]
