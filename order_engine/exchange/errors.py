"""Why the exchange does not take a request. None of these is a refusal by the market: nothing was decided."""


class ServiceError(Exception):
    """The exchange could not deal with a request."""


class Unavailable(ServiceError):
    """Not now; the same request may be sent again later."""


class NotReady(Unavailable):
    """The exchange is starting, or closing."""


class ExchangeHalted(Unavailable):
    """A fault stopped the exchange: it takes nothing and shows nothing until it is restarted."""


class ProjectionBehind(Unavailable):
    """The database is so far behind that orders and amends are refused; cancels are taken."""


class ClockJumped(Unavailable):
    """The clock says ``time_ns``, which cannot be believed: orders and amends are refused; the rest goes on."""

    def __init__(self, text: str, time_ns: int) -> None:
        super().__init__(text)
        self.time_ns = time_ns


class RetryMismatch(ServiceError):
    """This idempotency key was used for another request."""


class SnapshotError(ServiceError):
    """A snapshot could not be taken, or one that was read is not whole."""
