"""Instruments: what is listed, and for admins listing more, changing their terms, and opening and closing sessions."""

from flask import Blueprint, Response

from order_engine.api.plumbing import answers, rendering, schemas
from order_engine.api.plumbing.freshness import Freshness
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.problems import Problem, refused, unknown_symbol
from order_engine.api.plumbing.responses import answer
from order_engine.api.plumbing.submission import submit
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.views import Listed
from order_engine.matching.commands import SessionState, SetInstrument
from order_engine.matching.events import (
    InstrumentChanged,
    InstrumentListed,
    InstrumentRejected,
    StateChanged,
    StateRejected,
)
from order_engine.wire.form import set_instrument, set_state

LIST_ALL = Operation(summary="List all instruments", answers={200: answers.Instruments()})
SHOW = Operation(summary="Show an instrument", answers={200: answers.Instrument()}, problems=(404,))
LIST = Operation(
    summary="List an instrument",
    description="201 if it is new; 200 if it was listed and now has these terms. What is not named is the default, or "
    "stays. Neither tick nor lot changes while an order of the instrument lives.",
    access=Access.ADMIN,
    body=schemas.LIST_INSTRUMENT,
    answers={201: answers.Instrument(), 200: answers.Instrument()},
    problems=(409, 422),
)
CHANGE = Operation(
    summary="Change an instrument",
    description="Neither tick nor lot changes while an order of the instrument lives.",
    access=Access.ADMIN,
    body=schemas.CHANGE_INSTRUMENT,
    answers={200: answers.Instrument()},
    problems=(404, 409, 422),
)


SET_STATE = Operation(
    summary="Let an instrument's session enter a state",
    description="A symbol that is not listed is listed first. Entering OPEN from another state runs the auction, "
    "entering CLOSED ends the orders that are good for the day.",
    access=Access.ADMIN,
    body=schemas.SET_STATE,
    answers={200: answers.Session()},
    problems=(409, 422),
)


class Instruments:
    """Shows and sets what is traded."""

    def __init__(self, exchange: Exchange, freshness: Freshness) -> None:
        self._exchange = exchange
        self._freshness = freshness

    def list_all(self, asked: Asked) -> Response:
        """Show all instruments."""
        self._freshness.of_book(asked.min_sequence)
        return answer({"instruments": [rendering.instrument(listed) for listed in self._exchange.instruments()]})

    def show(self, asked: Asked, symbol: str) -> Response:
        """Show one instrument."""
        self._freshness.of_book(asked.min_sequence)
        return answer(rendering.instrument(self._find(symbol)))

    def list_instrument(self, asked: Asked) -> Response:
        """List an instrument, or change one that is listed."""
        return self._set(asked, set_instrument(asked.fields))

    def change_instrument(self, asked: Asked, symbol: str) -> Response:
        """Change a listed instrument."""
        if not asked.fields:
            named = ", ".join(schemas.CHANGE_INSTRUMENT.load_fields)
            raise Problem(
                "invalid_fields", "Nothing to change.", errors={"tick_size": [f"Name at least one of: {named}."]}
            )
        self._find(symbol)
        return self._set(asked, set_instrument({"symbol": symbol, **asked.fields}))

    def set_state(self, asked: Asked, symbol: str) -> Response:
        """Let a session enter a state."""
        submission = submit(self._exchange, (set_state({"symbol": symbol, **asked.fields}),), asked)
        state: StateChanged | None = None
        for event in submission.events[0]:
            if isinstance(event, StateRejected):
                raise submission.with_headers(refused(event.reason))
            if isinstance(event, StateChanged):
                # The auction may have tripped the circuit breaker.
                state = event
        assert state is not None
        content = {"symbol": symbol, "state": state.state, "reason": state.reason}
        return answer(content, 200, submission.headers)

    def _find(self, symbol: str) -> Listed:
        listed = self._exchange.instrument(symbol)
        if listed is None:
            raise unknown_symbol(symbol)
        return listed

    def _set(self, asked: Asked, command: SetInstrument) -> Response:
        submission = submit(self._exchange, (command,), asked)
        # Orders that were due have expired before.
        event = submission.events[0][-1]
        if isinstance(event, InstrumentRejected):
            raise submission.with_headers(refused(event.reason))
        if isinstance(event, InstrumentListed):
            return answer(rendering.instrument(Listed(event.instrument, SessionState.OPEN)), 201, submission.headers)
        assert isinstance(event, InstrumentChanged)
        return answer(rendering.instrument(Listed(event.instrument, event.state)), 200, submission.headers)


def create_instruments_blueprint(entrance: Entrance, exchange: Exchange, freshness: Freshness) -> Blueprint:
    """Serve instruments."""
    blueprint = Blueprint("instruments", __name__)
    instruments = Instruments(exchange, freshness)
    entrance.add(blueprint, "GET", "/instruments", instruments.list_all, LIST_ALL)
    entrance.add(blueprint, "GET", "/instruments/<symbol>", instruments.show, SHOW)
    entrance.add(blueprint, "POST", "/instruments", instruments.list_instrument, LIST)
    entrance.add(blueprint, "PATCH", "/instruments/<symbol>", instruments.change_instrument, CHANGE)
    entrance.add(blueprint, "POST", "/instruments/<symbol>/state", instruments.set_state, SET_STATE)
    return blueprint
