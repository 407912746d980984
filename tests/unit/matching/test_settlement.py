"""Settlement with bounds: what is left of an instrument ends bit by bit, and nothing is left waiting."""

from order_engine.matching.commands import Configure, Continue, DelistInstrument, SetInstrument, SettleInstrument
from order_engine.matching.events import Event, InstrumentDelisted, InstrumentListed, OrderCanceled
from order_engine.matching.reason import Reason
from tests.builders import Exchange, buy, cancel, sell
from tests.dumps import dumped_and_loaded, engine_hash

SETTLE = SettleInstrument(symbol="AAPL", price_e8=0)


def canceled_in(events: list[Event]) -> list[str]:
    """The orders that were canceled because of a settlement."""
    ended = [event for event in events if isinstance(event, OrderCanceled)]
    assert all(event.order.reason is Reason.SETTLED for event in ended)
    return [event.order.order_id for event in ended]


def test_settlement_of_many_orders_goes_on_by_itself_after_a_restart_too() -> None:
    exchange = Exchange()
    exchange.apply(Configure(endings_max=2))
    exchange.apply_all(*(buy(price=f"{price}.00") for price in (5, 9, 7, 8, 6)))

    settled = exchange.apply(SETTLE)
    loaded = dumped_and_loaded(exchange.engine)
    go_on = exchange.engine.left_over
    assert go_on is not None
    rest = exchange.apply(go_on)

    assert canceled_in(settled) == ["3", "4"]
    assert go_on == Continue(begun_by=8) == loaded.left_over
    assert canceled_in(rest) == ["5", "6"]
    assert canceled_in(loaded.apply(go_on, 9, exchange.engine.timestamp_ns)) == ["5", "6"]
    assert canceled_in(exchange.apply(go_on)) == ["7"]
    assert exchange.engine.left_over is None


def test_stops_whose_turn_had_not_come_wait_for_nothing_after_a_settlement() -> None:
    exchange = Exchange()
    exchange.apply(Configure(trades_max=1, endings_max=1))
    exchange.apply_all(
        *(buy(price=f"{price}.00", quantity="1") for price in (99, 98, 97)),
        *(sell(price=None, stop="99.00", quantity="1") for _ in range(3)),
        sell(price="99.00", quantity="1"),
    )
    assert exchange.engine.unfinished == "AAPL"

    exchange.apply(SETTLE)

    assert exchange.engine.unfinished is None


def test_ending_of_a_delisted_instrument_is_done_and_its_dump_loads() -> None:
    exchange = Exchange()
    exchange.apply(Configure(endings_max=1))
    exchange.apply_all(buy(), buy(), SETTLE, cancel("4"))

    events = exchange.apply(DelistInstrument(symbol="AAPL"))
    loaded = dumped_and_loaded(exchange.engine)

    assert events == [InstrumentDelisted("AAPL")]
    assert engine_hash(loaded) == engine_hash(exchange.engine)
    assert isinstance(exchange.apply(SetInstrument(symbol="AAPL"))[0], InstrumentListed)
