"""The client's messages and words are those of the server."""

from decimal import Decimal
from enum import StrEnum
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from order_engine.api.plumbing import forms
from order_engine.client import messages, requests, terms
from order_engine.market_data.candles import INTERVALS
from order_engine.matching import commands, events
from order_engine.wire.messages import market, orders, problem, service, trades, users
from order_engine.wire.messages.json_types import Percent, Price, Quantity, Step

PAIRS = [
    (messages.Order, orders.OrderWithTrades),
    (messages.OrderPage, orders.OrderPage),
    (messages.Canceled, orders.Canceled),
    (messages.BatchResult, orders.BatchResult),
    (messages.BatchResults, orders.BatchResults),
    (messages.Trade, trades.OwnTrade),
    (messages.TradePage, trades.TradePage),
    (messages.Depth, market.Depth),
    (messages.TopOfBook, market.TopOfBook),
    (messages.Market, market.Market),
    (messages.MarketPage, market.Markets),
    (messages.Candle, market.Candle),
    (messages.Candles, market.Candles),
    (messages.Instrument, market.Instrument),
    (messages.InstrumentPage, market.Instruments),
    (messages.SessionTime, market.ScheduledState),
    (messages.Time, service.Time),
    (messages.Delisted, market.Delisted),
    (messages.Session, market.Session),
    (messages.Position, users.Position),
    (messages.PositionPage, users.Positions),
    (messages.RiskLimits, users.RiskLimits),
    (messages.User, users.User),
    (messages.ProblemDocument, problem.ProblemDocument),
]
# What a caller has no use for, having sent the request or the exception's class.
LEFT_OUT = {
    messages.ProblemDocument: {"type", "title"},
    messages.PositionPage: {"user_id"},
    messages.Candles: {"next_cursor"},
}
AMOUNTS = (Percent, Price, Quantity, Step)
WORDS: list[tuple[object, type[StrEnum]]] = [
    (terms.Side, commands.Side),
    (terms.OrderType, commands.OrderType),
    (terms.TimeInForce, commands.TimeInForce),
    (terms.SelfTradePrevention, commands.SelfTradePrevention),
    (terms.SessionState, commands.SessionState),
    (terms.OrderStatus, events.OrderStatus),
]
BODIES: list[tuple[Any, forms.Form, set[str]]] = [
    (terms.NewOrder, forms.PLACE_ORDER, set()),
    (terms.NewTerms, forms.AMEND_ORDER, set()),
    (terms.OrderFilter, forms.ORDERS, {"limit", "cursor"}),
    (terms.TradeFilter, forms.TRADES, {"limit", "cursor"}),
    (terms.CandleFilter, forms.CANDLES, {"interval", "limit", "cursor"}),
    (terms.InstrumentTerms, forms.LIST_INSTRUMENT, {"symbol"}),
    (terms.Limits, forms.SET_RISK_LIMITS, set()),
]


def amounts_of(kind: type[msgspec.Struct]) -> set[str]:
    """The fields of a server's message that are amounts."""
    hints = get_type_hints(kind, include_extras=True)
    return {name for name, hint in hints.items() if hint in AMOUNTS or any(part in AMOUNTS for part in get_args(hint))}


def decimals_of(kind: type[msgspec.Struct]) -> set[str]:
    """The fields of a client's message that are decimals."""
    hints = get_type_hints(kind)
    return {name for name, hint in hints.items() if hint is Decimal or Decimal in get_args(hint)}


@pytest.mark.parametrize(("own", "served"), PAIRS, ids=lambda kind: kind.__name__)
def test_message_has_the_fields_of_the_server_and_its_amounts_are_decimals(
    own: type[msgspec.Struct], served: type[msgspec.Struct]
) -> None:
    assert set(own.__struct_encode_fields__) == set(served.__struct_encode_fields__) - LEFT_OUT.get(own, set())
    assert decimals_of(own) == amounts_of(served)


@pytest.mark.parametrize(("own", "served"), WORDS, ids=lambda words: getattr(words, "__name__", None))
def test_words_are_those_of_the_server(own: object, served: type[StrEnum]) -> None:
    assert get_args(own) == tuple(served)


def test_intervals_are_those_of_the_server() -> None:
    assert get_args(terms.Interval) == tuple(INTERVALS)


@pytest.mark.parametrize(("own", "form", "left_out"), BODIES, ids=lambda part: getattr(part, "name", None))
def test_body_has_the_fields_that_the_server_reads(own: Any, form: forms.Form, left_out: set[str]) -> None:
    assert set(own.__annotations__) == set(form.parsers) - left_out


def test_small_amounts_are_written_without_loss() -> None:
    request = requests.place(symbol="A", side="BUY", quantity=Decimal("0.00000001"), price=Decimal("1E+3"))

    assert forms.PLACE_ORDER.read(msgspec.to_builtins(request.body))["quantity"] == 1
