"""Instruments: what is listed, and for admins listing more and changing their steps."""

from flask import Blueprint, Response

from order_engine.api import answers, rendering, schemas
from order_engine.api.answers import answer
from order_engine.api.freshness import Freshness
from order_engine.api.keys import Access
from order_engine.api.operation import Asked, Entrance, Operation
from order_engine.api.problems import Problem, refused, unknown_symbol
from order_engine.api.submission import Submission
from order_engine.api.tick_sizes import TickSizes
from order_engine.matching.commands import SetInstrument
from order_engine.matching.events import InstrumentChanged, InstrumentListed, InstrumentRejected
from order_engine.protocol.form import set_instrument
from order_engine.service.exchange import Exchange

LIST_ALL = Operation(summary="List all instruments", answers={200: answers.Instruments()})
SHOW = Operation(summary="Show an instrument", answers={200: answers.Instrument()}, problems=(404,))
LIST = Operation(
    summary="List an instrument",
    description="201 if it is new; 200 if it was listed and now has these terms. What is not named is the default, or "
    "stays. Terms cannot change while an order of the instrument lives.",
    access=Access.ADMIN,
    body=schemas.LIST_INSTRUMENT,
    answers={201: answers.Instrument(), 200: answers.Instrument()},
    problems=(409, 422),
)
CHANGE = Operation(
    summary="Change an instrument",
    description="Refused while an order of the instrument lives.",
    access=Access.ADMIN,
    body=schemas.CHANGE_INSTRUMENT,
    answers={200: answers.Instrument()},
    problems=(404, 409, 422),
)


class Instruments:
    """Shows and sets what is traded."""

    def __init__(self, exchange: Exchange, freshness: Freshness, tick_sizes: TickSizes) -> None:
        self._exchange = exchange
        self._freshness = freshness
        self._tick_sizes = tick_sizes

    def list_all(self, asked: Asked) -> Response:
        """Show all instruments."""
        self._freshness.of_book(asked.min_sequence)
        return answer({"instruments": [rendering.instrument(terms) for terms in self._exchange.instruments()]})

    def show(self, asked: Asked, symbol: str) -> Response:
        """Show one instrument."""
        self._freshness.of_book(asked.min_sequence)
        terms = self._exchange.instrument(symbol)
        if terms is None:
            raise unknown_symbol(symbol)
        return answer(rendering.instrument(terms))

    def list_instrument(self, asked: Asked) -> Response:
        """List an instrument, or change one that is listed."""
        return self._set(asked, set_instrument(asked.fields))

    def change_instrument(self, asked: Asked, symbol: str) -> Response:
        """Change a listed instrument."""
        if not asked.fields:
            raise Problem("invalid_fields", "Nothing to change.", errors={"tick_size": ["Name a tick or a lot size."]})
        if self._exchange.instrument(symbol) is None:
            raise unknown_symbol(symbol)
        return self._set(asked, set_instrument({"symbol": symbol, **asked.fields}))

    def _set(self, asked: Asked, command: SetInstrument) -> Response:
        submission = Submission(self._exchange, (command,), asked)
        self._tick_sizes.publish(submission.applied)
        event = submission.events[0][0]
        if isinstance(event, InstrumentRejected):
            problem = refused(event.reason)
            problem.headers.update(submission.headers)
            raise problem
        assert isinstance(event, InstrumentListed | InstrumentChanged)
        status = 201 if isinstance(event, InstrumentListed) else 200
        return answer(rendering.instrument(event.instrument), status, submission.headers)


def create_instruments_blueprint(
    entrance: Entrance, exchange: Exchange, freshness: Freshness, tick_sizes: TickSizes
) -> Blueprint:
    """Serve instruments."""
    blueprint = Blueprint("instruments", __name__)
    instruments = Instruments(exchange, freshness, tick_sizes)
    entrance.add(blueprint, "GET", "/instruments", instruments.list_all, LIST_ALL)
    entrance.add(blueprint, "GET", "/instruments/<symbol>", instruments.show, SHOW)
    entrance.add(blueprint, "POST", "/instruments", instruments.list_instrument, LIST)
    entrance.add(blueprint, "PATCH", "/instruments/<symbol>", instruments.change_instrument, CHANGE)
    return blueprint
