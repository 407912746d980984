"""What the app tells the server about a response: when it may be sent, and what of it is still to be made.

The keys are those of the WSGI environment. A server that sets ``CAN_CONTINUE`` sends a response once the journal is
visible up to ``SEQUENCE``, and carries out a ``CONTINUATION`` apart from the thread that runs the app. Under any other
server the app does both itself before it responds (see ``flask_app``).
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple
from wsgiref.types import StartResponse

from flask import has_request_context, request

SEQUENCE = "order_engine.sequence"
CAN_CONTINUE = "order_engine.can_continue"
CONTINUATION = "order_engine.continuation"


class Continuation(NamedTuple):
    """The rest of a request: ``run`` makes the response, from a thread that may block.

    It is to run once the database shows ``min_sequence``, and at the latest after ``seconds``. The response that the
    app returned before is a placeholder, not to be sent. What ``run`` returns waits for ``SEQUENCE`` like any response.
    """

    run: Callable[[StartResponse], Iterable[bytes]]
    min_sequence: int
    seconds: float


def note_sequence(sequence: int) -> None:
    """Note that the response to the present request, if there is one, depends on a sequence of the journal."""
    if has_request_context():
        environ = request.environ
        if environ.get(SEQUENCE, 0) < sequence:
            environ[SEQUENCE] = sequence
