"""Messages about the service itself."""

from msgspec import Struct

from order_engine.wire.messages.json_types import Timestamp


class Snapshot(Struct, frozen=True, gc=False):
    """The snapshot that was taken."""

    sequence: int
    state_hash: str
    journal_id: str
    taken_at: Timestamp


class AcceptedClock(Struct, frozen=True, gc=False):
    """The time at which the exchange continues."""

    time: Timestamp


class Time(Struct, frozen=True, gc=False):
    """The exchange's time; `milliseconds` since 1970."""

    time: Timestamp
    milliseconds: int


class Pong(Struct, frozen=True, gc=False):
    """The exchange has read the request."""

    status: str


class Health(Struct, frozen=True):
    """The status of the service; each part has a field of its own, which is `ok` or says what is wrong."""

    status: str
