"""Instruments: listed by a command or a first order; tick and lot never change under live orders."""

import pytest

from order_engine.matching.commands import Configure, SetInstrument
from order_engine.matching.events import Configured, InstrumentChanged, InstrumentListed, InstrumentRejected
from order_engine.matching.instrument import Instrument
from order_engine.matching.reason import Reason
from order_engine.wire.units import parse_amount
from tests.builders import Exchange, accepted, buy, cancel, instrument, rejected

CENT_E8 = parse_amount("0.01")
DIME_E8 = parse_amount("0.1")


def test_first_order_lists_its_symbol_with_the_default_steps() -> None:
    exchange, order = Exchange(), buy(symbol="NEW", quantity="0.00000001")

    events = exchange.apply(order)

    listed = Instrument(symbol="NEW", tick_size_e8=CENT_E8, lot_size_e8=1)
    assert events == [InstrumentListed(listed), accepted(order, 2)]


def test_first_order_that_is_refused_lists_nothing() -> None:
    exchange, order = Exchange(), buy(symbol="NEW", price="100.005")

    events = exchange.apply(order)

    assert events == [rejected(order, 2, Reason.TICK_SIZE)]
    assert "NEW" not in exchange.engine.books


def test_default_steps_are_those_configured() -> None:
    exchange, settings = Exchange(), Configure(default_tick_size_e8=DIME_E8, default_lot_size_e8=parse_amount("5"))
    off_tick, good = buy(symbol="NEW", price="100.01"), buy(symbol="NEW", price="100.10", quantity="15")

    events = exchange.apply_all(settings, off_tick, good)

    listed = Instrument(symbol="NEW", tick_size_e8=DIME_E8, lot_size_e8=parse_amount("5"))
    assert events == [
        [Configured(settings)],
        [rejected(off_tick, 3, Reason.TICK_SIZE)],
        [InstrumentListed(listed), accepted(good, 4)],
    ]


@pytest.mark.parametrize("settings", [Configure(auto_list=False), Configure(max_instruments=1)])
def test_unlisted_symbol_is_refused_where_listing_is_off_or_full(settings: Configure) -> None:
    exchange, order = Exchange(), buy(symbol="NEW")
    exchange.apply(settings)

    assert exchange.apply(order) == [rejected(order, 3, Reason.UNKNOWN_SYMBOL)]


def test_instrument_is_listed_by_hand_where_auto_list_is_off() -> None:
    exchange = Exchange()
    exchange.apply(Configure(auto_list=False))

    events = exchange.apply(instrument("NEW", tick="0.1"))

    assert events == [InstrumentListed(Instrument(symbol="NEW", tick_size_e8=DIME_E8, lot_size_e8=1))]


def test_instrument_beyond_the_most_is_refused() -> None:
    exchange = Exchange()
    exchange.apply(Configure(max_instruments=1))

    assert exchange.apply(instrument("NEW")) == [InstrumentRejected("NEW", Reason.UNKNOWN_SYMBOL)]


@pytest.mark.parametrize("change", [instrument(tick="0.1"), instrument(lot="5")])
def test_steps_do_not_change_while_an_order_lives(change: SetInstrument) -> None:
    exchange = Exchange()
    exchange.apply(buy(order_id="b"))

    events = exchange.apply_all(change, cancel("b"), change)

    assert events[0] == [InstrumentRejected("AAPL", Reason.INVALID_INSTRUCTION)]
    assert [type(event) for event in events[2]] == [InstrumentChanged]


def test_change_that_changes_nothing_is_taken_while_an_order_lives() -> None:
    exchange = Exchange()
    exchange.apply(buy())

    events = exchange.apply(instrument(tick="0.01"))

    assert events == [InstrumentChanged(Instrument(symbol="AAPL", tick_size_e8=CENT_E8, lot_size_e8=parse_amount("1")))]


def test_new_steps_hold_for_the_next_order() -> None:
    exchange, order = Exchange(), buy(price="100.01")

    events = exchange.apply_all(instrument(tick="0.1"), order)

    assert events[1] == [rejected(order, 3, Reason.TICK_SIZE)]


def test_steps_do_not_change_while_a_stop_waits() -> None:
    exchange = Exchange()
    exchange.apply(buy(stop="200.00"))

    assert exchange.apply(instrument(tick="0.1")) == [InstrumentRejected("AAPL", Reason.INVALID_INSTRUCTION)]


def test_protections_change_while_an_order_lives() -> None:
    exchange = Exchange()
    exchange.apply(buy())

    events = exchange.apply_all(instrument(band="10", breaker="5", reference="99.00"), instrument(band="0"))

    changed = exchange.engine.books["AAPL"].instrument
    assert events[1] == [InstrumentChanged(changed)]
    assert (changed.price_band_percent_e8, changed.circuit_breaker_percent_e8) == (0, parse_amount("5"))
    assert changed.reference_price_e8 == parse_amount("99")
