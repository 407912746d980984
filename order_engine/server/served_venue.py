"""What the server needs from the venue that it serves."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from order_engine.api.plumbing.callers import Caller
from order_engine.api.plumbing.responses import JsonResponse
from order_engine.api.resources.order_messages import Session
from order_engine.exchange.phase import Phase
from order_engine.feeds.hand_over import HandOver
from order_engine.feeds.own_events import OwnEvents

Environ = dict[str, Any]  # Any: WSGI
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]  # Any: WSGI's write, which nobody here calls
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Served(Protocol):
    """What has its turns in the loop."""

    def serve(self) -> None:
        """Take one turn."""


class ServedExchange(Protocol):
    """The part of the exchange that responses wait for."""

    @property
    def visible_sequence(self) -> int:
        """The sequence up to which responses may be sent."""

    @property
    def applied_sequence(self) -> int:
        """The sequence of the last command that was carried out."""

    @property
    def phase(self) -> Phase:
        """Whether commands are taken."""

    def is_with_connection(self, order_id: str) -> bool:
        """Return whether an order is live and ends with its connection."""
        ...

    def cancel_disconnected(self, order_ids: Sequence[str]) -> None:
        """Cancel those of some orders that are live and end with their connection, which was lost."""


class ServedRecovery(Protocol):
    """The recovery at a start."""

    @property
    def progress(self) -> NamedTuple:
        """How far it is."""


class DatabaseProgress(Protocol):
    """How far the database is behind the journal."""

    def shows(self, sequence: int) -> bool:
        """Say whether the database has a sequence."""

    def want(self, sequence: int) -> None:
        """Tell the follower that a request waits for a sequence."""

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call back, from any thread, after each step forward."""


class OrderOperations(Protocol):
    """What can be asked for over a WebSocket."""

    def caller_of(self, auth: dict[str, Any], address: str) -> Caller:
        """Take the key from an auth, and its signature; return the caller, or raise ``Problem``."""
        ...

    def user_of(self, caller: Caller, named: str | None) -> str | None:
        """Return the user whose events a connection gets; raises ``Problem``."""

    @property
    def changes(self) -> int:
        """A number that grows whenever keys have changed."""

    def is_current(self, caller: Caller) -> bool:
        """Say whether no key that the caller needs was revoked or changed since."""
        ...

    def carry_out(self, session: Session, name: object, message: dict[str, Any]) -> JsonResponse:
        """Carry out a message; a refusal is a response too."""
        ...


class ServedVenue(Protocol):
    """A venue as the server sees it."""

    @property
    def app(self) -> Application:
        """The WSGI application."""

    @property
    def exchange(self) -> ServedExchange:
        """The exchange behind it."""

    @property
    def recovery(self) -> ServedRecovery:
        """How far a start is."""

    @property
    def progress(self) -> DatabaseProgress:
        """How far the database is."""

    @property
    def journal_failed(self) -> bool:
        """Whether what is not visible yet never will be."""

    def hand_over(self, handed: HandOver, descriptor: int) -> bool:
        """Give a client to the feeds; False if they take none now. Never waits."""

    @property
    def order_operations(self) -> OrderOperations:
        """What can be asked for over a WebSocket."""

    @property
    def own_events(self) -> OwnEvents:
        """What happens to the users' orders."""

    def on_commit(self, callback: Callable[[], object]) -> None:
        """Call back, from any thread, after each commit and after a failure."""

    def start(self) -> None:
        """Begin to recover."""

    def stop_taking(self) -> None:
        """Take no more requests."""

    def close(self, grace_seconds: float) -> None:
        """Flush and release everything, within a time."""
