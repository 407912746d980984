"""Instruments: which are listed; admins list them, change their terms and set their session state."""

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import Problem, unknown_symbol
from order_engine.api.plumbing.refusals import refused
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.submission import submit
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.views import Listed
from order_engine.matching.commands import DelistInstrument, SessionState, SetInstrument, SetState, SettleInstrument
from order_engine.matching.events import (
    DelistRejected,
    InstrumentChanged,
    InstrumentListed,
    InstrumentRejected,
    InstrumentSettled,
    SettleRejected,
    StateChanged,
    StateRejected,
)
from order_engine.matching.reason import Reason
from order_engine.wire import rendering
from order_engine.wire.form import command_of, set_instrument
from order_engine.wire.messages.market import Delisted, Instrument, Instruments, Session

LIST_ALL = Operation(
    summary="List the instruments, by symbol",
    description="At most 1,000, with a `next_cursor` if there are more.",
    access=Access.PUBLIC,
    query=forms.INSTRUMENTS,
    responses={200: Instruments},
)
SHOW = Operation(summary="Show an instrument", access=Access.PUBLIC, responses={200: Instrument}, problems=(404,))
LIST = Operation(
    summary="List an instrument",
    description="201 if the instrument is new; 200 if it was listed and is changed. A field that is not sent "
    "has its default, or keeps its value; null takes it away. Tick and lot cannot change while the instrument has live "
    "orders.",
    access=Access.ADMIN,
    body=forms.LIST_INSTRUMENT,
    responses={201: Instrument, 200: Instrument},
    problems=(422,),
)
CHANGE = Operation(
    summary="Change an instrument",
    description="Only the fields that are sent change; null takes a term away. Tick and lot cannot change while the "
    "instrument has live orders.",
    access=Access.ADMIN,
    body=forms.CHANGE_INSTRUMENT,
    responses={200: Instrument},
    problems=(404, 422),
)
SET_STATE = Operation(
    summary="Set the state of an instrument's session",
    description="A symbol that is not listed is listed first. Entering OPEN from another state runs the auction; "
    "entering CLOSED expires the DAY orders.",
    access=Access.ADMIN,
    body=forms.SET_STATE,
    responses={200: Session},
    problems=(422,),
)

SETTLE = Operation(
    summary="Settle an instrument at a price",
    description="Its orders are canceled, all positions end at the price, and it stays closed for good.",
    access=Access.ADMIN,
    body=forms.SETTLE,
    responses={200: Instrument},
    problems=(404, 422),
)
DELIST = Operation(
    summary="Take an instrument off the list",
    description="Only one that never traded and has no orders.",
    access=Access.ADMIN,
    responses={200: Delisted},
    problems=(404, 422),
)


class Listings:
    """Shows, lists and changes instruments."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def list_instruments(self, parsed: ParsedRequest) -> JsonResponse:
        """Show a page of the instruments."""
        limit = parsed.query.get("limit", forms.LIMIT_MAX)
        found = self._exchange.instruments(parsed.query.get("cursor", ""), limit + 1)
        page = [rendering.instrument(*listed) for listed in found[:limit]]
        return json_response(Instruments(page, page[-1].symbol if len(found) > limit else None))

    def get_instrument(self, _: ParsedRequest, symbol: str) -> JsonResponse:
        """Show one instrument."""
        return json_response(rendering.instrument(*self._find(symbol)))

    def list_instrument(self, parsed: ParsedRequest) -> JsonResponse:
        """List an instrument, or change one that is listed."""
        return self._set(parsed, set_instrument(parsed.fields))

    def change_instrument(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Change a listed instrument."""
        if not parsed.fields:
            named = ", ".join(forms.CHANGE_INSTRUMENT.parsers)
            raise Problem(
                "invalid_fields",
                "The request changes nothing: it names no field.",
                errors={"tick_size": [f"Name at least one of: {named}."]},
            )
        self._find(symbol)
        return self._set(parsed, set_instrument({"symbol": symbol, **parsed.fields}))

    def set_session_state(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Set the state of a session."""
        command = command_of(SetState, {"symbol": symbol, **parsed.fields})
        submission = submit(self._exchange, (command,), parsed)
        state: StateChanged | None = None
        for event in submission.events[0]:
            if isinstance(event, StateRejected):
                raise submission.with_headers(refused(event.reason))
            if isinstance(event, StateChanged):
                # The last one counts: the auction may have tripped the circuit breaker.
                state = event
        assert state is not None
        return json_response(Session(symbol, state.state, state.reason), 200, submission.headers)

    def settle_instrument(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Settle an instrument."""
        self._find(symbol)
        submission = submit(
            self._exchange, (command_of(SettleInstrument, {"symbol": symbol, **parsed.fields}),), parsed
        )
        for event in submission.events[0]:
            if isinstance(event, SettleRejected):
                raise submission.with_headers(refused(event.reason, detail="The instrument was settled before."))
            if isinstance(event, InstrumentSettled):
                settled = rendering.instrument(event.instrument, SessionState.CLOSED)
                return json_response(settled, 200, submission.headers)
        raise AssertionError("a settlement is carried out or refused")

    def delist_instrument(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Take an instrument off the list."""
        submission = submit(self._exchange, (DelistInstrument(symbol=symbol),), parsed)
        event = submission.events[0][-1]
        if isinstance(event, DelistRejected):
            if event.reason is Reason.UNKNOWN_SYMBOL:
                # Not looked for before: a repeated request gets the first response again.
                raise submission.with_headers(unknown_symbol(symbol))
            detail = "An instrument that has traded, or has live orders, stays listed."
            raise submission.with_headers(refused(event.reason, detail=detail))
        return json_response(Delisted(symbol), 200, submission.headers)

    def _find(self, symbol: str) -> Listed:
        listed = self._exchange.instrument(symbol)
        if listed is None:
            raise unknown_symbol(symbol)
        return listed

    def _set(self, parsed: ParsedRequest, command: SetInstrument) -> JsonResponse:
        submission = submit(self._exchange, (command,), parsed)
        # The last event: orders that were due expire before it.
        event = submission.events[0][-1]
        if isinstance(event, InstrumentRejected):
            raise submission.with_headers(refused(event.reason))
        if isinstance(event, InstrumentListed):
            return json_response(rendering.instrument(event.instrument, SessionState.OPEN), 201, submission.headers)
        assert isinstance(event, InstrumentChanged)
        return json_response(rendering.instrument(event.instrument, event.state), 200, submission.headers)


def create_instruments_blueprint(routes: Routes, exchange: Exchange) -> Blueprint:
    """Serve instruments."""
    blueprint = Blueprint("instruments", __name__)
    instruments = Listings(exchange)
    routes.add(blueprint, "GET", "/instruments", instruments.list_instruments, LIST_ALL)
    routes.add(blueprint, "GET", "/instruments/<symbol>", instruments.get_instrument, SHOW)
    routes.add(blueprint, "POST", "/instruments", instruments.list_instrument, LIST)
    routes.add(blueprint, "PATCH", "/instruments/<symbol>", instruments.change_instrument, CHANGE)
    routes.add(blueprint, "DELETE", "/instruments/<symbol>", instruments.delist_instrument, DELIST)
    routes.add(blueprint, "POST", "/instruments/<symbol>/settle", instruments.settle_instrument, SETTLE)
    routes.add(blueprint, "POST", "/instruments/<symbol>/state", instruments.set_session_state, SET_STATE)
    return blueprint
