"""What an operator may have done: a snapshot, now."""

from collections.abc import Callable

from flask import Blueprint, Response

from order_engine.api.plumbing import answers
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.responses import answer
from order_engine.exchange.snapshots import SnapshotHeader
from order_engine.wire.timestamps import format_timestamp

SNAPSHOT = Operation(
    summary="Take a snapshot",
    description="Answers once it is in place, whole and on disk.",
    access=Access.ADMIN,
    answers={201: answers.Snapshot()},
)


def create_admin_blueprint(entrance: Entrance, take_snapshot: Callable[[], SnapshotHeader]) -> Blueprint:
    """Serve what only admins may ask for."""
    blueprint = Blueprint("admin", __name__)

    def snapshot(_: Asked) -> Response:
        header = take_snapshot()
        content = {
            "sequence": header.sequence,
            "state_hash": header.state_hash,
            "journal_id": header.journal_id,
            "taken_at": format_timestamp(header.timestamp_ns),
        }
        return answer(content, 201)

    entrance.add(blueprint, "POST", "/admin/snapshot", snapshot, SNAPSHOT)
    return blueprint
