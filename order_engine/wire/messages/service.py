"""What goes out about the service itself."""

from msgspec import Struct

from order_engine.wire.messages.json_types import Timestamp


class Snapshot(Struct, frozen=True, gc=False):
    """A snapshot that was taken."""

    sequence: int
    state_hash: str
    journal_id: str
    taken_at: Timestamp


class AcceptedClock(Struct, frozen=True, gc=False):
    """The time at which the exchange goes on."""

    time: Timestamp


class Health(Struct, frozen=True):
    """The state of the service; each of its parts has a field of its name, `ok` or why not."""

    status: str
