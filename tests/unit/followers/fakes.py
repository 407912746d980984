"""Sinks, a journal and a clock that a test controls."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from order_engine.exchange.applied import Applied
from order_engine.exchange.state import ExchangeState
from order_engine.followers.replica import Replica
from order_engine.followers.sink_line import Pace
from order_engine.journal.record import Record
from order_engine.matching.commands import Command
from tests.builders import buy
from tests.unit.exchange.exchanges import JOURNAL_ID, START_NS

# Nothing waits for more records, and no time-out causes a sync.
AT_ONCE = Pace(batch_weight_max=10, pause_seconds=0.0, quiet_seconds=0.0, waiting_weight_max=20)


class HandTime:
    """A clock in seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeSink:
    """Keeps the records in memory, and raises ``error`` while a test sets it."""

    name: str = "sql"
    sequence: int = 0
    synced: int = 0
    error: Exception | None = None
    lies_about_commit: bool = False
    written: list[int] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    is_open: bool = False
    journal_ends: list[int] = field(default_factory=list)

    def open(self, journal_id: str, journal_end: int) -> int:
        self._raise()
        assert not self.is_open
        assert journal_id == JOURNAL_ID
        self.opened, self.is_open = self.opened + 1, True
        self.journal_ends.append(journal_end)
        return self.sequence

    def write(self, batch: Sequence[Applied]) -> None:
        assert self.is_open
        if not self.lies_about_commit:
            self._raise()
        assert batch[0].record.sequence == self.sequence + 1
        assert all(one.record.last_sequence + 1 == other.record.sequence for one, other in pairwise(batch))
        self.written += [applied.record.sequence for applied in batch]
        self.batches.append(len(batch))
        self.sequence = batch[-1].record.last_sequence
        self._raise()

    def sync(self) -> int:
        assert self.is_open
        self._raise()
        self.synced = self.sequence
        return self.synced

    def close(self) -> None:
        self.closed, self.is_open = self.closed + 1, False

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error


class FakeJournal:
    """Records in memory, and snapshots of their states."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.loads: list[int] = []
        self.fault: Exception | None = None
        self._snapshots: dict[int, list[bytes]] = {0: list(ExchangeState().dump())}
        self._state = ExchangeState()

    @property
    def end(self) -> int:
        return self._state.sequence

    def append(self, count: int = 1, orders: int = 1) -> list[Applied]:
        """Append records of some orders each; return them applied."""
        return [self._append_one(orders) for _ in range(count)]

    def keep_snapshot(self) -> None:
        self._snapshots[self.end] = list(self._state.dump())

    def load(self, sequence: int) -> ExchangeState:
        at = max(one for one in self._snapshots if one <= sequence)
        self.loads.append(at)
        return ExchangeState.load(self._snapshots[at])

    def replica(self, sequence: int) -> Replica:
        return Replica(self.load, lambda position: FakeTail(self, position), sequence)

    def _append_one(self, orders: int) -> Applied:
        return self.add(*(buy(quantity="1") for _ in range(orders)))

    def add(self, *commands: Command) -> Applied:
        """Append a record of these commands; return what comes of it."""
        record = Record(sequence=self.end + 1, timestamp_ns=START_NS, commands=commands)
        self.records.append(record)
        return self._state.apply(record)


class FakeTail:
    """Reads a ``FakeJournal``."""

    def __init__(self, journal: FakeJournal, position: int) -> None:
        self._journal = journal
        self._position = position
        self.is_closed = False

    def read(self, until_sequence: int, records_max: int) -> list[Record]:
        assert not self.is_closed
        if self._journal.fault is not None:
            raise self._journal.fault
        due = [
            one
            for one in self._journal.records
            if self._position < one.sequence and one.last_sequence <= until_sequence
        ]
        read = due[:records_max]
        if read:
            self._position = read[-1].last_sequence
        return read

    def close(self) -> None:
        self.is_closed = True


@dataclass
class FakeDump:
    """A dump that goes on until a test sets its outcome."""

    state: ExchangeState
    result: str | None = None
    is_abandoned: bool = False

    def outcome(self) -> str | None:
        return self.result

    def abandon(self) -> None:
        self.is_abandoned = True


class FakeDumps:
    """Begins dumps, or refuses to."""

    def __init__(self) -> None:
        self.begun: list[FakeDump] = []
        self.sequences: list[int] = []
        self.error: Exception | None = None

    def begin(self, state: ExchangeState) -> FakeDump:
        if self.error is not None:
            raise self.error
        self.begun.append(FakeDump(state))
        self.sequences.append(state.sequence)
        return self.begun[-1]

    def end(self, result: str = "ok") -> None:
        self.begun[-1].result = result
