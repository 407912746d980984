"""Compares the log with the journal: every line is made again from the journal and must be the same.

The chain alone does not reveal a log that was rewritten as a whole; the journal does. The log may lack the newest
commands, because it lags behind the journal or a crash cut off its end; but never those before its checkpoint.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from order_engine.exchange.applied import Applied
from order_engine.exchange.verification import DifferenceFound, Follower
from order_engine.followers.audit.checkpoint import read_checkpoint
from order_engine.followers.audit.entries import bodies_of
from order_engine.followers.audit.errors import AuditDamaged
from order_engine.followers.audit.files import AuditReading, Line, list_segments
from order_engine.followers.audit.sentences import WORDING
from order_engine.journal.disk import Disk
from order_engine.journal.still_disk import StillDisk


class AuditChecked(Struct, kw_only=True):
    """How many entries were checked, how many of them word by word, and the chain of the last one.

    ``behind`` counts the commands that the log does not have yet.
    """

    entries: int = 0
    compared: int = 0
    last_sequence: int = 0
    chain: str = ""
    behind: int = 0
    torn_bytes: int = 0


class AuditCheck:
    """Compares the log, as it is when this is made, with the journal; see ``Follower``."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        # The checkpoint first: a running server then only adds to the log.
        try:
            self._checkpoint = read_checkpoint(directory, disk)
        except AuditDamaged as damaged:
            raise _difference(damaged) from damaged
        still = StillDisk(disk)
        self._segments = list_segments(directory, still)
        for segment in self._segments:
            still.size(segment.path)
        self._directory = directory
        self._reading = AuditReading(self._segments, still)
        self._lines = self._reading.lines()
        self._next: Line | None = None
        self._is_begun = False
        self.counts = AuditChecked()

    @property
    def is_empty(self) -> bool:
        """Whether there is no log at all."""
        return not self._segments

    def check_journal(self, journal_id: str | None) -> None:
        """Raise ``DifferenceFound`` if the log belongs to another journal, or its beginning is missing."""
        self._begin()
        self._require_first_segment()
        if self._checkpoint is not None and self._checkpoint.journal_id != journal_id:
            self._checkpoint = None
        header = self._reading.header
        if header is None:
            return
        if header.journal_id != journal_id:
            raise DifferenceFound(f"{self._segments[0].path}: journal_id", journal_id, header.journal_id)

    def follow(self, applied: Applied) -> None:
        """Compare the entries of a record; count those that the log does not have."""
        self._begin()
        if self._next is None:
            self.counts.behind += len(applied.record.commands)
            return
        for body in bodies_of(applied):
            self._compare(body)

    def finish(self, last_sequence: int) -> None:
        """Raise ``DifferenceFound`` if the log goes on after the journal's end, or ends before its checkpoint."""
        self._begin()
        if self._next is not None:
            where, found = _place(self._next), self._next.entry.sequence
            raise DifferenceFound(where, f"no entry after {last_sequence}, where the journal ends", found)
        self._require_checkpoint()

    def read_alone(self) -> AuditChecked:
        """Check the chain to its end, without the journal."""
        self._begin()
        self._require_first_segment()
        while self._next is not None:
            self._advance()
        self._require_checkpoint()
        return self.counts

    def _require_first_segment(self) -> None:
        if self._segments and self._segments[0].first_sequence != 1:
            raise DifferenceFound(str(self._directory), "the segment of sequence 1", self._segments[0].path.name)

    def _require_checkpoint(self) -> None:
        written, checkpoint = self.counts.last_sequence, self._checkpoint
        if checkpoint is not None and written < checkpoint.sequence:
            where = str(self._segments[-1].path if self._segments else self._directory)
            found = f"the last one is {written}" if written else "no entry"
            raise DifferenceFound(where, f"entries up to {checkpoint.sequence}, as the checkpoint says", found)

    def _compare(self, body: bytes) -> None:
        line = self._next
        if line is None:
            self.counts.behind += 1
            return
        if line.wording == WORDING:
            _require_same(line, body)
            self.counts.compared += 1
        self._advance()

    def _begin(self) -> None:
        if not self._is_begun:
            self._is_begun = True
            self._step()

    def _advance(self) -> None:
        line = self._next
        assert line is not None
        self.counts.entries += 1
        self.counts.last_sequence = line.entry.sequence
        self.counts.chain = line.chain.decode()
        self._step()

    def _step(self) -> None:
        try:
            self._next = next(self._lines, None)
        except AuditDamaged as error:
            raise _difference(error) from error
        if self._next is None and self._reading.torn is not None:
            self.counts.torn_bytes = self._reading.torn.length


class Together:
    """Combines several followers into one, so that the journal is read once."""

    def __init__(self, followers: Sequence[Follower]) -> None:
        self._followers = followers

    def check_journal(self, journal_id: str | None) -> None:
        """Let each check that it belongs to this journal."""
        for follower in self._followers:
            follower.check_journal(journal_id)

    def follow(self, applied: Applied) -> None:
        """Give each the next record."""
        for follower in self._followers:
            follower.follow(applied)

    def finish(self, last_sequence: int) -> None:
        """Let each check that nothing is left over."""
        for follower in self._followers:
            follower.finish(last_sequence)


def _difference(damaged: AuditDamaged) -> DifferenceFound:
    return DifferenceFound(f"{damaged.path}: at byte {damaged.offset}", damaged.expected, damaged.found)


def _require_same(line: Line, expected: bytes) -> None:
    if line.body != expected:
        raise DifferenceFound(_place(line), expected.decode(), line.body.decode("utf-8", "replace"))


def _place(line: Line) -> str:
    return f"{line.path}: line {line.number}, at byte {line.offset}"
