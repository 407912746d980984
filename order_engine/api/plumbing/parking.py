"""What the app tells the server about a response: when it may be sent, and whether a continuation must finish it.

The constants are keys of the WSGI environment. A server that sets ``CAN_CONTINUE`` sends a response once the journal is
visible up to ``SEQUENCE``, and runs a ``CONTINUATION`` in a thread of its own pool. Under any other server the app
itself waits and runs the rest before it responds (see ``visible_responses`` and ``database_reads``).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple
from wsgiref.types import StartResponse

from flask import has_request_context, request

SEQUENCE = "order_engine.sequence"
CAN_CONTINUE = "order_engine.can_continue"
CONTINUATION = "order_engine.continuation"


class Continuation(NamedTuple):
    """The rest of a request: ``run`` makes the response, in a thread that may block.

    The server runs it once the database has ``min_sequence``, or after ``seconds``. It must not send the placeholder
    that the app returned before. The response of ``run`` waits for ``SEQUENCE`` like any other.
    """

    run: Callable[[StartResponse], Iterable[bytes]]
    min_sequence: int
    seconds: float


def note_sequence(sequence: int) -> None:
    """Record that the response to the current request, if any, depends on a sequence of the journal."""
    if has_request_context():
        environ = request.environ
        if environ.get(SEQUENCE, 0) < sequence:
            environ[SEQUENCE] = sequence
