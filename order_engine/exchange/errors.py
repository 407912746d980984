"""Why the exchange does not take a request. A refusal by the market is no error but an event."""


class ServiceError(Exception):
    """The exchange could not handle a request."""


class Unavailable(ServiceError):
    """The exchange cannot take the request now; the same request may be sent again later."""


class NotReady(Unavailable):
    """The exchange is starting, or closing."""


class ExchangeHalted(Unavailable):
    """A fault stopped the exchange: it takes nothing and shows nothing until it is restarted."""

    @classmethod
    def by(cls, fault: BaseException | None) -> "ExchangeHalted":
        """Return the error that names a fault."""
        return cls(f"The exchange has halted and needs a restart: {fault}")


class ProjectionBehind(Unavailable):
    """The database is so far behind that orders and amends are refused; cancels are taken."""


class ExpiryUnderWay(Unavailable):
    """More orders are due to expire than one command may end; only what cannot let them trade is taken meanwhile."""


class ClockJumped(Unavailable):
    """The clock jumped to ``time_ns``. Only orders and amends are refused, until it is right or accepted."""

    def __init__(self, text: str, time_ns: int) -> None:
        super().__init__(text)
        self.time_ns = time_ns


class RetryMismatch(ServiceError):
    """This idempotency key was used for another request."""


class NotTheirOrder(ServiceError):
    """The caller may act for one user only, and the command is not about a live order of that user."""


class SnapshotError(ServiceError):
    """A snapshot could not be taken, or a snapshot file is damaged."""
