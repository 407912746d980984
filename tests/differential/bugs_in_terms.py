"""Bugs to plant in the terms of instruments; see ``planted_bugs``."""

from order_engine.matching import admission, endings, instrument, instrument_limits, settlement
from order_engine.matching.admission import Admission
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.instrument import Instrument
from order_engine.matching.order_book import OrderBook
from tests.differential.planted_bugs import Planted

TERMS: dict[str, Planted] = {
    "the least price is too low": (
        instrument_limits,
        "refusal_of_price",
        "price_e8 < instrument.min_price_e8",
        "price_e8 <= instrument.min_price_e8",
    ),
    "the highest price is too high": (
        instrument_limits,
        "refusal_of_price",
        "price_e8 > instrument.max_price_e8",
        "price_e8 >= instrument.max_price_e8",
    ),
    "the least quantity is too little": (
        instrument_limits,
        "refusal_of_quantity",
        "quantity_e8 < instrument.min_quantity_e8",
        "quantity_e8 <= instrument.min_quantity_e8",
    ),
    "the largest quantity is too much": (
        instrument_limits,
        "refusal_of_quantity",
        "quantity_e8 > instrument.max_quantity_e8",
        "quantity_e8 >= instrument.max_quantity_e8",
    ),
    "the least notional is too little": (
        instrument_limits,
        "refusal_of_notional",
        "quantity_e8 < instrument.min_notional_e8",
        "quantity_e8 <= instrument.min_notional_e8",
    ),
    "an order without a price breaks the least notional": (
        instrument_limits,
        "refusal_of_notional",
        "price_e8 is None",
        "False",
    ),
    "an amend that ends an order breaks limits": (
        instrument_limits,
        "refusal_of_new_terms",
        "quantity_e8 <= state.filled_e8",
        "False",
    ),
    "a price that stays breaks a limit": (
        instrument_limits,
        "refusal_of_new_terms",
        "if price_e8 != state.price_e8",
        "if True",
    ),
    "a quantity that stays breaks a limit": (
        instrument_limits,
        "refusal_of_new_terms",
        "if quantity_e8 != state.quantity_e8",
        "if True",
    ),
    "an amend breaks no limit": (
        Admission,
        "_refusal_of_protections",
        "refusal_of_new_terms(book.instrument, command, state)",
        "None",
    ),
    "the band is looked at before the limits": (
        admission,
        "_refusal_of_limits",
        "refusal_of_price(instrument, price_e8)",
        "_refusal_of_band(placed, book) or refusal_of_price(instrument, price_e8)",
    ),
    "the quantity is looked at before the price": (
        admission,
        "_refusal_of_limits",
        "refusal_of_price(instrument, price_e8)",
        "refusal_of_quantity(instrument, quantity_e8) or refusal_of_price(instrument, price_e8)",
    ),
    "limits hold only where there is a band": (OrderBook, "give_terms", "or instrument.has_limits", ""),
    "a term cannot be taken away": (Instrument, "changed_by", "in command.cleared", "in ()"),
    "a minimum may not be its maximum": (instrument, "_is_above", "minimum > maximum", "minimum >= maximum"),
    "a change may contradict itself": (
        MatchingEngine,
        "_set_instrument",
        "if instrument.limits_contradict or (",
        "if (",
    ),
}

SETTLEMENT: dict[str, Planted] = {
    "a settled instrument opens again": (MatchingEngine, "_set_state", "book.instrument.is_settled", "False"),
    "a settled instrument has new terms": (
        MatchingEngine,
        "_set_instrument",
        "if book.instrument.is_settled",
        "if False",
    ),
    "an instrument is settled again": (settlement, "settle", "or book.instrument.is_settled", ""),
    "positions outlive a settlement": (settlement, "settle", "book.positions_e8.clear()", "pass"),
    "a settled session stays as it was": (settlement, "settle", "book.state = SessionState.CLOSED", "pass"),
    "a settlement ends the day's orders only": (endings, "_orders_of", "if ending.reason is Reason.EXPIRED", "if True"),
    "an instrument with a stop is delisted": (
        settlement,
        "delist",
        "book.has_orders",
        "book.bids.levels or book.asks.levels",
    ),
    "an instrument that traded is delisted": (settlement, "delist", "or book.last_trade_price_e8 is not None", ""),
    "a delisted instrument stays": (settlement, "delist", "del books[symbol]", "pass"),
}
