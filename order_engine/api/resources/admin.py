"""Operator requests: take a snapshot, accept a clock that has jumped."""

from collections.abc import Callable

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.database_reads import DatabaseReads
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.exchange.snapshots import SnapshotHeader
from order_engine.wire.messages.service import AcceptedClock, Snapshot
from order_engine.wire.timestamps import format_timestamp

SNAPSHOT = Operation(
    summary="Take a snapshot",
    description="The response is sent once the snapshot is complete and on disk.",
    access=Access.ADMIN,
    responses={201: Snapshot},
)
CLOCK = Operation(
    summary="Accept the clock as it is now",
    description="For use when order entry is refused because the clock has jumped (`clock_jumped`). The exchange "
    "continues at the clock's time, so orders that are due expire. This cannot be undone.",
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
    """Serve the requests of operators."""
    blueprint = Blueprint("admin", __name__)

    def snapshot(_: ParsedRequest) -> JsonResponse:
        # It takes seconds, so it runs in the pool of database reads.
        return database.later(take)

    def take() -> JsonResponse:
        header = take_snapshot()
        taken_at = format_timestamp(header.timestamp_ns)
        return json_response(Snapshot(header.sequence, header.state_hash, header.journal_id, taken_at), 201)

    def clock(_: ParsedRequest) -> JsonResponse:
        return json_response(AcceptedClock(format_timestamp(accept_clock())))

    routes.add(blueprint, "POST", "/admin/clock", clock, CLOCK, name="accept_clock")
    routes.add(blueprint, "POST", "/admin/snapshot", snapshot, SNAPSHOT, name="take_snapshot")
    return blueprint
