"""What an operator may have done: a snapshot, now."""

from collections.abc import Callable

from flask import Blueprint, Response

from order_engine.api import answers
from order_engine.api.keys import Access
from order_engine.api.operation import Asked, Entrance, Operation
from order_engine.api.responses import answer
from order_engine.protocol.timestamps import format_timestamp
from order_engine.service.snapshots import Snapshot

SNAPSHOT = Operation(
    summary="Take a snapshot",
    description="Answers once it is in place, whole and on disk.",
    access=Access.ADMIN,
    answers={201: answers.Snapshot()},
)


def create_admin_blueprint(entrance: Entrance, take_snapshot: Callable[[], Snapshot]) -> Blueprint:
    """Serve what only admins may ask for."""
    blueprint = Blueprint("admin", __name__)

    def snapshot(_: Asked) -> Response:
        header = take_snapshot().header
        content = {
            "sequence": header.sequence,
            "state_hash": header.state_hash,
            "journal_id": header.journal_id,
            "taken_at": format_timestamp(header.timestamp_ns),
        }
        return answer(content, 201)

    entrance.add(blueprint, "POST", "/admin/snapshot", snapshot, SNAPSHOT)
    return blueprint
