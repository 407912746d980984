"""The follower: reads the journal up to the watermark and writes the events to its sinks.

``step`` does one round, so a process, a thread or a test can drive it.
"""

from collections.abc import Callable, Iterable, Sequence

from order_engine.exchange.digest import RunningDigest
from order_engine.followers.progress import SQL, UNKNOWN, SinkProgress
from order_engine.followers.replica import Replica
from order_engine.followers.sink_line import SinkLine
from order_engine.followers.snapshot_taker import SnapshotTaker
from order_engine.journal.watermark import Watermark

READ_WEIGHT_MAX = 1_000


class Follower:
    """Follows the journal ``journal_id``, which ended at ``journal_end`` when the exchange started.

    ``make_replica`` returns a replica at or before a sequence. ``opened`` names the sinks that earlier followers have
    opened since the exchange started: these may be ahead of ``journal_end``.
    """

    def __init__(
        self,
        journal_id: str,
        journal_end: int,
        make_replica: Callable[[int], Replica],
        lines: Sequence[SinkLine],
        snapshots: SnapshotTaker,
        watermark: Watermark,
        opened: Iterable[str] = (),
    ) -> None:
        self._journal_id = journal_id
        self._journal_end = journal_end
        self._make_replica = make_replica
        self._lines = lines
        self._snapshots = snapshots
        self._watermark = watermark
        self._opened = set(opened)
        self._replica: Replica | None = None
        self._digest = RunningDigest(0)
        self._wanted_sequence = 0
        self.reads_open = False

    @property
    def progress(self) -> dict[str, SinkProgress]:
        """How far each sink is."""
        return {line.name: line.progress for line in self._lines} | {self._snapshots.name: self._snapshots.progress}

    @property
    def replica_sequence(self) -> int:
        """The last sequence that the replica has applied."""
        return 0 if self._replica is None else self._replica.sequence

    @property
    def digests(self) -> dict[int, int]:
        """The digests of the newest whole intervals; see ``RunningDigest``."""
        return self._digest.completed

    def want(self, sequence: int) -> None:
        """Write up to this sequence at once, because a request waits for it."""
        self._wanted_sequence = max(self._wanted_sequence, sequence)

    def want_snapshot(self, sequence: int) -> None:
        """Take a snapshot at this sequence or after it."""
        self._snapshots.want(sequence)

    def needs_long_step(self) -> bool:
        """Return whether the next step may take long, because it migrates a database or loads a large replica."""
        if any(line.is_due_to_open for line in self._lines):
            return True
        return self._replica is None or self._lowest_open(self._replica.sequence) < self._replica.sequence

    def step(self) -> bool:
        """Open, read, write and sync what is due; return whether there is more to do at once."""
        if self._open_lines():
            # Return first: the next step may load a replica, so the caller must ask ``needs_long_step`` again.
            return True
        replica = self._positioned_replica()
        # Before reading on: what the replica has applied may be synced now, and the next records not yet.
        taken = self._snapshots.step(replica, self._watermark)
        stands_still = self._snapshots.holds(replica, self._watermark) or any(line.is_full for line in self._lines)
        visible = self._watermark.visible
        read = [] if stands_still else replica.read(visible, READ_WEIGHT_MAX)
        for applied in read:
            self._digest.add(applied)
        for line in self._lines:
            line.offer(read)
        # Where more can be read at once, even those who wait are served sooner by larger batches.
        has_more = not stands_still and replica.sequence < visible
        written = [self._write(line, hurry=self._hurries(line) and not has_more) for line in self._lines]
        return has_more or any(written) or taken

    def finish(self, sequence: int) -> bool:
        """Do one step towards the last sequence; True once every sink has written and synced what it can."""
        self.want(sequence)
        self.step()
        if self.replica_sequence < sequence:
            return False
        finished = [self._is_finished(line) for line in self._lines]
        return all(finished) and self._snapshots.is_idle

    def close(self) -> None:
        """Release everything."""
        self._snapshots.close()
        for line in self._lines:
            line.close()
        if self._replica is not None:
            self._replica.close()

    def _open_lines(self) -> bool:
        opened = [line.name for line in self._lines if line.open_if_due(self._journal_id, self._end_for(line))]
        self._opened |= set(opened)
        self.reads_open |= SQL in opened
        return bool(opened)

    def _end_for(self, line: SinkLine) -> int:
        # After a power cut a sink may be ahead of the journal, which then continues with different records. So a sink
        # that is opened for the first time since the start must not be beyond the journal's end at that start.
        return max(self._journal_end, self._watermark.visible) if line.name in self._opened else self._journal_end

    def _write(self, line: SinkLine, *, hurry: bool) -> bool:
        if self._may_sync(line) and self._watermark.synced < self._watermark.visible and line.sync_if_due():
            # Before writing on: the next records may not be synced in the journal for a while.
            return True
        return line.write_if_due(hurry=hurry, may_sync=self._may_sync(line))

    def _may_sync(self, line: SinkLine) -> bool:
        # Never sync a sink beyond the journal's own sync, or a power cut may leave the sink ahead of the journal.
        return line.progress.sequence <= self._watermark.synced

    def _is_finished(self, line: SinkLine) -> bool:
        if line.held_sequence != line.progress.sequence:
            return line.is_idle
        if not self._may_sync(line):
            return True
        line.sync()
        return line.is_idle

    def _hurries(self, line: SinkLine) -> bool:
        return line.progress.sequence < self._wanted_sequence

    def _positioned_replica(self) -> Replica:
        """Return the replica, which is not ahead of any open sink; load it again if a sink is behind it."""
        if self._replica is None:
            self._replica = self._make_replica(self._lowest_open(self._watermark.visible))
        elif (lowest := self._lowest_open(self._replica.sequence)) < self._replica.sequence:
            self._replica.rewind(lowest)
        else:
            return self._replica
        self._digest = RunningDigest(self._replica.sequence)
        return self._replica

    def _lowest_open(self, sequence: int) -> int:
        held = [line.held_sequence for line in self._lines if line.is_open]
        return min([one for one in held if one != UNKNOWN], default=sequence)
