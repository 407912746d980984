"""What goes wrong: one tree of exceptions, by what a caller can do about it."""

from msgspec import DecodeError, json

from order_engine.client.messages import Order, ProblemDocument

EXCERPT_LENGTH = 200


class ExchangeError(Exception):
    """Whatever the client raises."""


class NoResponse(ExchangeError):
    """No response came, however often it was tried. A command may have been carried out all the same."""


class NotUnderstood(ExchangeError):
    """What came is no message of an exchange that this client knows."""


class Problem(ExchangeError):
    """The exchange said no: ``code`` for programs, ``detail`` for people, ``order`` as it was refused, if it was."""

    def __init__(self, document: ProblemDocument) -> None:
        super().__init__(f"{document.code}: {document.detail}")
        self.status = document.status
        self.code = document.code
        self.detail = document.detail
        self.errors = document.errors
        self.order: Order | None = document.order
        self.request_id = document.request_id


class Invalid(Problem):
    """The request is wrong in itself; ``errors`` says which fields are."""


class NotAllowed(Problem):
    """The request needs a key, or another one."""


class NotFound(Problem):
    """There is no such order, symbol or path."""


class OrderEnded(Problem):
    """The order is final: it cannot be amended or canceled."""


class Refused(Problem):
    """The rulebook refuses the order; ``code`` is the reason, ``order`` the REJECTED order."""


class Busy(Problem):
    """Too many requests; later ones may be taken."""


class Unavailable(Problem):
    """The exchange starts, stops, has halted, or is behind. Of a command with ``outcome_unknown`` nothing is known."""


KINDS: dict[int, type[Problem]] = {
    400: Invalid,
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: OrderEnded,
    422: Refused,
    429: Busy,
    503: Unavailable,
}


def problem_of(document: ProblemDocument) -> Problem:
    """Return the exception for a problem document."""
    return KINDS.get(document.status, Problem)(document)


def read_problem(status: int, body: bytes) -> Problem:
    """Return the exception for a response that is no success; a proxy may have sent it."""
    try:
        document = json.decode(body, type=ProblemDocument)
    except (DecodeError, UnicodeDecodeError):
        text = body[:EXCERPT_LENGTH].decode(errors="replace")
        document = ProblemDocument(status=status, code="not_understood", detail=f"HTTP {status}: {text}")
    return problem_of(document)
