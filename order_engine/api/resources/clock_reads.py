"""The exchange's time, for clients that compare their clocks with it, and a ping."""

from flask import Blueprint

from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.exchange.clock import Clock
from order_engine.wire.messages.service import Pong, Time
from order_engine.wire.timestamps import NS_PER_MS, format_timestamp

TIME = Operation(
    access=Access.PUBLIC,
    summary="Show the exchange's time",
    responses={200: Time},
)
PING = Operation(
    access=Access.PUBLIC,
    summary="Check the connection",
    description="This needs neither orders nor the database.",
    responses={200: Pong},
)


def create_clock_blueprint(routes: Routes, clock: Clock) -> Blueprint:
    """Serve the time."""
    blueprint = Blueprint("clock", __name__)

    def get_time(_: ParsedRequest) -> JsonResponse:
        now_ns = clock.now_ns()
        return json_response(Time(format_timestamp(now_ns), now_ns // NS_PER_MS))

    def ping(_: ParsedRequest) -> JsonResponse:
        return json_response(Pong("ok"))

    routes.add(blueprint, "GET", "/time", get_time, TIME)
    routes.add(blueprint, "GET", "/ping", ping, PING)
    return blueprint
