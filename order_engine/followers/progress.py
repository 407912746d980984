"""The followers' reports as the exchange's process has them: how far each sink is, and its status."""

from collections.abc import Callable
from threading import Condition
from time import monotonic

from msgspec import Struct, structs

OK = "ok"
STARTING = "starting"
UNKNOWN = -1
STILL_SECONDS = 2.0
SQL, AUDIT, SNAPSHOTS = "sql", "audit", "snapshots"


class SinkProgress(Struct, frozen=True):
    """The last sequence that a sink has, the last that it has synced, and ``ok`` or why it does not go on."""

    sequence: int = 0
    synced_sequence: int = 0
    status: str = STARTING


class Progress:
    """The progress of all sinks. Thread-safe. ``visible_sequence`` returns the last sequence that they could have.

    ``status`` is that of the followers' process. While ``reads_open`` is false the database may not exist yet, or
    belong to another journal. ``opened`` names the sinks that a follower has opened since the exchange started.
    """

    def __init__(self, visible_sequence: Callable[[], int]) -> None:
        self._visible_sequence = visible_sequence
        self._changed = Condition()
        self._sinks = {name: SinkProgress() for name in (SQL, AUDIT, SNAPSHOTS)}
        self._moved_at = dict.fromkeys(self._sinks, monotonic())
        self._callbacks: list[Callable[[], object]] = []
        self._nudge: Callable[[int], object] = lambda _: None
        self.status = STARTING
        self.replica_sequence = 0
        self.restarts = 0
        self.reads_open = False
        self.opened: set[str] = set()

    def of(self, name: str) -> SinkProgress:
        """Return a sink's progress from the last report."""
        return self._sinks[name]

    def lag(self, name: str) -> int:
        """Return how many commands a sink is behind."""
        return max(0, self._visible_sequence() - self._sinks[name].sequence)

    def status_of(self, name: str) -> str:
        """Return ``ok``, or why a sink does not go on. A sink that is behind and does not move is not ``ok`` either."""
        found = self._sinks[name]
        if found.status == OK and self.lag(name) and (seconds := monotonic() - self._moved_at[name]) > STILL_SECONDS:
            return f"has not moved for {seconds:.0f} s, {self.lag(name)} commands behind"
        return found.status

    def covered_sequence(self) -> int:
        """Return the last sequence that both the database and the audit log have synced."""
        return min(self._sinks[name].synced_sequence for name in (SQL, AUDIT))

    def shows(self, sequence: int) -> bool:
        """Return whether the database has everything up to a sequence."""
        return self._sinks[SQL].sequence >= sequence

    def want(self, sequence: int) -> None:
        """Tell the followers that a request waits for a sequence."""
        if not self.shows(sequence):
            self._nudge(sequence)

    def wait_shown(self, sequence: int, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds until the database has a sequence; False at once if it is in trouble."""
        self.want(sequence)
        with self._changed:
            self._changed.wait_for(lambda: self.shows(sequence) or self.is_in_trouble(SQL), timeout)
        return self.shows(sequence)

    def wait_for(self, is_reached: Callable[[], bool], timeout: float) -> bool:
        """Wait at most ``timeout`` seconds until a report makes ``is_reached`` true; return whether it is."""
        with self._changed:
            return self._changed.wait_for(is_reached, timeout)

    def is_in_trouble(self, name: str) -> bool:
        """Return whether a sink stands still, so that it is useless to wait for it."""
        return self._sinks[name].status not in (OK, STARTING)

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call a function after each report, in the thread that received it."""
        self._callbacks.append(callback)

    def on_want(self, nudge: Callable[[int], object]) -> None:
        """Call a function when a request waits for a sequence."""
        self._nudge = nudge

    def report(self, sinks: dict[str, SinkProgress], *, reads_open: bool) -> None:
        """Take a report. A sink that could not be opened reports ``UNKNOWN``; its last known sequences stay."""
        with self._changed:
            for name, found in sinks.items():
                if found.sequence != UNKNOWN:
                    self.opened.add(name)
                known = self._sinks[name]
                kept = found if found.sequence != UNKNOWN else structs.replace(known, status=found.status)
                if kept.sequence != known.sequence or not self.lag(name):
                    self._moved_at[name] = monotonic()
                self._sinks[name] = kept
            self.reads_open = self.reads_open or reads_open
        self.notify()

    def notify(self) -> None:
        """Wake the waiting threads and call the callbacks."""
        with self._changed:
            self._changed.notify_all()
        for callback in self._callbacks:
            callback()
