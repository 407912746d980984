"""What an operator may have done: a snapshot, now; a clock that jumped accepted."""

from collections.abc import Callable

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.database_reads import DatabaseReads
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.exchange.snapshots import SnapshotHeader
from order_engine.wire.messages.service import AcceptedClock, Snapshot
from order_engine.wire.timestamps import format_timestamp

SNAPSHOT = Operation(
    summary="Take a snapshot",
    description="Responds once it is in place, whole and on disk.",
    access=Access.ADMIN,
    responses={201: Snapshot},
)
CLOCK = Operation(
    summary="Accept the clock as it is now",
    description="For a clock that has jumped, which stops order entry (`clock_jumped`). The exchange goes on at that "
    "time: orders whose time has passed expire. This cannot be undone.",
    access=Access.ADMIN,
    body=forms.ACCEPT_CLOCK,
    responses={200: AcceptedClock},
)


def create_admin_blueprint(
    routes: Routes,
    take_snapshot: Callable[[], SnapshotHeader],
    accept_clock: Callable[[], int],
    database: DatabaseReads,
) -> Blueprint:
    """Serve what only admins may ask for."""
    blueprint = Blueprint("admin", __name__)

    def snapshot(_: ParsedRequest) -> JsonResponse:
        # It takes seconds, so it waits where reads of the database do.
        return database.later(take)

    def take() -> JsonResponse:
        header = take_snapshot()
        taken_at = format_timestamp(header.timestamp_ns)
        return json_response(Snapshot(header.sequence, header.state_hash, header.journal_id, taken_at), 201)

    def clock(_: ParsedRequest) -> JsonResponse:
        return json_response(AcceptedClock(format_timestamp(accept_clock())))

    routes.add(blueprint, "POST", "/admin/clock", clock, CLOCK)
    routes.add(blueprint, "POST", "/admin/snapshot", snapshot, SNAPSHOT)
    return blueprint
