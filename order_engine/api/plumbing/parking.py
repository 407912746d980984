"""Answers that must wait for the disk: how a request tells its server which sequence its answer depends on."""

from flask import has_request_context, request

SEQUENCE = "order_engine.sequence"
CAN_CONTINUE = "order_engine.can_continue"
CONTINUATION = "order_engine.continuation"


def note_sequence(sequence: int) -> None:
    """Keep the answer of this request back until ``sequence`` is visible; outside of a request nothing is kept."""
    if has_request_context():
        environ = request.environ
        if sequence > environ.get(SEQUENCE, 0):
            environ[SEQUENCE] = sequence
