"""What can be watched over WebSocket: how a subscription begins, reads messages, and goes on after a loss. No I/O."""

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar
from urllib.parse import quote

from msgspec import DecodeError, Struct, field, json

from order_engine.client.book import Book, BookSnapshot, BookUpdate, OutOfStep
from order_engine.client.errors import NotUnderstood, problem_of
from order_engine.client.messages import Order, ProblemDocument, Trade
from order_engine.client.terms import SessionState

Item_co = TypeVar("Item_co", covariant=True)
M = TypeVar("M")

RESYNC = '{"type": "resync"}'


class Gap(Struct, frozen=True, kw_only=True):
    """What happened from one sequence to another is no longer known to the feed: read it over REST."""

    from_sequence: int = field(name="from")
    to_sequence: int = field(name="to")


class CaughtUp(Struct, frozen=True, kw_only=True):
    """All that concerns the user up to this sequence has come; what follows is new."""

    sequence: int


class OwnOrder(Struct, frozen=True, kw_only=True):
    """What happened to one of the user's orders, such as ``accepted`` or ``canceled``, and the order after it."""

    event: str
    sequence: int
    order: Order


class OwnTrade(Struct, frozen=True, kw_only=True):
    """A trade of one of the user's orders, and the order after it. An auction has neither MAKER nor TAKER."""

    sequence: int
    liquidity: str | None
    trade: Trade
    order: Order


class Received(NamedTuple, Generic[Item_co]):
    """What a message brings to the caller, and what is sent back."""

    items: Sequence[Item_co] = ()
    reply: str | None = None


class Subscription(Protocol[Item_co]):
    """One thing to watch."""

    @property
    def path(self) -> str:
        """Where to connect, the first time or again."""
        ...

    def greeting(self, key: Mapping[str, str]) -> str | None:
        """Return what is sent first; ``key`` are the fields that tell the client's key."""
        ...

    def receive(self, message: str | bytes) -> Received[Item_co]:
        """Take a message; raises ``ExchangeError``."""
        ...


class Place:
    """How far a stream has come, so that it goes on after a loss without a hole and without saying anything twice.

    A command may have several messages. Those of the last one that came are counted, and skipped if they come again.
    """

    def __init__(self, since: int | None) -> None:
        self.since = since
        self._sequence = -1
        self._seen = self._skipped = 0

    def connect(self) -> None:
        """Begin again: what comes is what follows ``since``."""
        self._skipped = 0

    def is_new(self, sequence: int) -> bool:
        """Note a message; return whether it was not seen before the loss."""
        if sequence != self._sequence:
            self._sequence, self.since = sequence, sequence - 1
            self._seen = self._skipped = 1
            return True
        self._skipped += 1
        is_new = self._skipped > self._seen
        self._seen = max(self._seen, self._skipped)
        return is_new

    def reach(self, sequence: int) -> None:
        """Note that everything up to a sequence has come."""
        if sequence >= self._sequence:
            self.since = sequence


class BookSubscription:
    """The best levels of a book: yields the same ``Book`` after each change."""

    def __init__(self, symbol: str, levels: int) -> None:
        self._book = Book(symbol)
        self._is_waiting = False
        self.path = f"/ws/market-data/{quote(symbol, safe='')}?levels={levels}"

    def greeting(self, _key: Mapping[str, str]) -> None:
        """Send nothing: the feed begins with a snapshot."""
        self._is_waiting = False

    def receive(self, message: str | bytes) -> Received[Book]:
        """Change the book; ask for a snapshot once if it is out of step."""
        kind = _kind(message)
        try:
            if kind == "snapshot":
                self._is_waiting = False
                self._book.begin(_read(message, BookSnapshot))
            elif kind == "update" and not self._is_waiting:
                self._book.change(_read(message, BookUpdate))
            elif kind == "state":
                self._book.state = _read(message, StateMessage).state
            else:
                return Received()
        except OutOfStep:
            self._is_waiting = True
            return Received(reply=RESYNC)
        return Received([self._book] if self._book.sequence is not None else ())


class TradeSubscription:
    """The trades of an instrument in order."""

    def __init__(self, symbol: str, since: int | None) -> None:
        self._place = Place(since)
        self._symbol = symbol

    @property
    def path(self) -> str:
        """Where to connect."""
        since = "" if self._place.since is None else f"?since={self._place.since}"
        return f"/ws/trades/{quote(self._symbol, safe='')}{since}"

    def greeting(self, _key: Mapping[str, str]) -> None:
        """Send nothing."""
        self._place.connect()

    def receive(self, message: str | bytes) -> Received[Trade | Gap]:
        """Read a trade or a gap."""
        kind = _kind(message)
        if kind == "trade":
            trade = _read(message, Trade)
            return Received([trade] if self._place.is_new(trade.sequence) else ())
        if kind == "gap":
            return Received([_gap(message, self._place)])
        if kind == "heartbeat":
            self._place.reach(_read(message, CaughtUp).sequence)
        return Received()


OwnEvent = OwnOrder | OwnTrade | Gap | CaughtUp


class OwnSubscription:
    """What happens to a user's orders, whatever placed them."""

    path = "/ws/orders"

    def __init__(self, user_id: str | None, since: int | None) -> None:
        self._place = Place(since)
        self._user_id = user_id

    def greeting(self, key: Mapping[str, str]) -> str:
        """Say who listens, and what is known already."""
        self._place.connect()
        named = {**key, "user_id": self._user_id, "since": self._place.since}
        auth = {name: value for name, value in named.items() if value is not None}
        return json.encode({"op": "auth", **auth}).decode()

    def receive(self, message: str | bytes) -> Received[OwnEvent]:
        """Read an event; raises ``Problem`` if the exchange does not let the user in."""
        kind = _kind(message)
        if kind == "problem":
            raise problem_of(_read(message, ProblemMessage).problem)
        if kind == "gap":
            return Received([_gap(message, self._place)])
        if kind == "caught_up":
            caught_up = _read(message, CaughtUp)
            self._place.reach(caught_up.sequence)
            return Received([caught_up])
        if kind not in ("order", "trade"):
            return Received()
        event: OwnOrder | OwnTrade = _read(message, OwnOrder) if kind == "order" else _read(message, OwnTrade)
        return Received([event] if self._place.is_new(event.sequence) else ())


class MessageKind(Struct):
    """What every message says first."""

    type: str


class StateMessage(Struct):
    """The session of an instrument has entered a state."""

    state: SessionState


class ProblemMessage(Struct):
    """A message was refused."""

    problem: ProblemDocument


def watch_book(symbol: str, levels: int = 10) -> Subscription[Book]:
    """Keep a copy of the best levels of a book; yields it after each change."""
    return BookSubscription(symbol, levels)


def watch_trades(symbol: str, *, since: int | None = None) -> Subscription[Trade | Gap]:
    """Yield the trades of an instrument, from now on or after a sequence."""
    return TradeSubscription(symbol, since)


def watch_orders(user_id: str | None = None, *, since: int | None = None) -> Subscription[OwnEvent]:
    """Yield what happens to a user's orders, from now on or after a sequence; after ``CaughtUp`` it is new.

    Without ``user_id`` it is the user of the client's key.
    """
    return OwnSubscription(user_id, since)


def _kind(message: str | bytes) -> str:
    return _read(message, MessageKind).type


def _gap(message: str | bytes, place: Place) -> Gap:
    gap = _read(message, Gap)
    place.reach(gap.to_sequence)
    return gap


def _read(message: str | bytes, kind: type[M]) -> M:
    try:
        return json.decode(message, type=kind)
    except DecodeError as error:
        raise NotUnderstood(f"{message[:200]!r}: {error}") from error
