"""What the followers have reported, as the exchange's process knows it: how far each sink is, and how it is."""

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
    """Up to which sequence a sink has everything, up to which that is on disk, and ``ok`` or why it does not go on."""

    sequence: int = 0
    synced_sequence: int = 0
    status: str = STARTING


class Progress:
    """Thread-safe. ``visible_sequence`` says what the followers could have by now.

    ``status`` tells how the followers' process is. Until ``reads_open`` nothing is known of the database: it may not be
    there, or be another journal's. ``opened`` names the sinks that a follower has opened since the exchange started.
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
        """Return the last report about a sink."""
        return self._sinks[name]

    def lag(self, name: str) -> int:
        """Return how many commands a sink has still to take."""
        return max(0, self._visible_sequence() - self._sinks[name].sequence)

    def status_of(self, name: str) -> str:
        """Return how a sink is: ``ok``, or what keeps it from going on, even where nobody has told."""
        found = self._sinks[name]
        if found.status == OK and self.lag(name) and (seconds := monotonic() - self._moved_at[name]) > STILL_SECONDS:
            return f"has not moved for {seconds:.0f} s, {self.lag(name)} commands behind"
        return found.status

    def covered_sequence(self) -> int:
        """Return up to which sequence database and audit log have everything on disk."""
        return min(self._sinks[name].synced_sequence for name in (SQL, AUDIT))

    def shows(self, sequence: int) -> bool:
        """Tell whether the database has everything up to a sequence."""
        return self._sinks[SQL].sequence >= sequence

    def want(self, sequence: int) -> None:
        """Let the followers know that somebody waits for a sequence."""
        if not self.shows(sequence):
            self._nudge(sequence)

    def wait_shown(self, sequence: int, timeout: float) -> bool:
        """Wait, at most ``timeout`` seconds, until the database has a sequence; False at once if it is in trouble."""
        self.want(sequence)
        with self._changed:
            self._changed.wait_for(lambda: self.shows(sequence) or self.is_in_trouble(SQL), timeout)
        return self.shows(sequence)

    def wait_for(self, is_reached: Callable[[], bool], timeout: float) -> bool:
        """Wait, at most ``timeout`` seconds, until a report makes ``is_reached`` true; say whether it is."""
        with self._changed:
            return self._changed.wait_for(is_reached, timeout)

    def is_in_trouble(self, name: str) -> bool:
        """Tell whether a sink stands still, so that waiting for it is in vain."""
        return self._sinks[name].status not in (OK, STARTING)

    def on_change(self, callback: Callable[[], object]) -> None:
        """Have a function called after each report, from the thread that received it."""
        self._callbacks.append(callback)

    def on_want(self, nudge: Callable[[int], object]) -> None:
        """Have a function called when somebody waits for a sequence."""
        self._nudge = nudge

    def report(self, sinks: dict[str, SinkProgress], *, reads_open: bool) -> None:
        """Take a report. A sink that could not be opened is reported at ``UNKNOWN``: what it had before stays known."""
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
        """Let those who wait look again."""
        with self._changed:
            self._changed.notify_all()
        for callback in self._callbacks:
            callback()
