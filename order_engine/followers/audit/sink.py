"""The audit log as a sink. Damage makes it faulted; while its disk fails it is away."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.checkpoint import AuditCheckpoint, read_checkpoint, write_checkpoint
from order_engine.followers.audit.errors import AuditDamaged, AuditError, AuditForeign
from order_engine.followers.audit.log import SEGMENT_BYTES_MAX, AuditLog
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.journal.disk import Disk

log = logging.getLogger(__name__)

_REPAIR = "move the audit directory away, and it is written again from the journal"


class Held(Protocol):
    """The lock on a directory."""

    def release(self) -> None:
        """Release the lock."""


Hold = Callable[[Path], Held]


class AuditSink:
    """Writes the audit log in ``directory``. ``hold`` locks it against other processes."""

    name = "audit"

    def __init__(
        self,
        directory: Path,
        disk: Disk,
        hold: Hold | None = None,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
    ) -> None:
        self._directory = directory
        self._disk = disk
        self._hold = hold
        self._held: Held | None = None
        self._log = AuditLog(directory, disk, segment_bytes_max)
        self._journal_id = ""
        self._checkpoint: AuditCheckpoint | None = None
        self.sequence = 0

    def open(self, journal_id: str, journal_end: int) -> int:
        """Cut off a torn tail and return the last sequence written."""
        self._log.close()
        with _translated():
            self._hold_directory()
            found = self._log.open(journal_id)
            if found > journal_end:
                raise AuditForeign(f"the log goes to {found}, the journal ends at {journal_end}: restore the journal")
            self._journal_id, self._checkpoint = journal_id, self._found_checkpoint()
        self._tell_if_cut(found)
        self.sequence = found
        return found

    def write(self, batch: Sequence[Applied]) -> None:
        """Append the entries of consecutive records."""
        with _translated():
            self._log.append(batch)
        self.sequence = self._log.last_sequence

    def sync(self) -> int:
        """Sync all entries, then the checkpoint, and return the last sequence."""
        with _translated():
            self._log.sync()
            synced = AuditCheckpoint(self._journal_id, self._log.synced_sequence)
            if synced != self._checkpoint:
                write_checkpoint(self._directory, self._disk, synced)
                self._checkpoint = synced
        return synced.sequence

    def close(self) -> None:
        """Close the file, then release the directory."""
        with suppress(OSError):
            self._log.close()
        self._let_go()

    def _found_checkpoint(self) -> AuditCheckpoint | None:
        try:
            return read_checkpoint(self._directory, self._disk)
        except AuditDamaged as damaged:
            log.warning("%s: it is written again", damaged)
            return None

    def _tell_if_cut(self, found: int) -> None:
        checkpoint = self._checkpoint
        if checkpoint is not None and checkpoint.journal_id == self._journal_id and checkpoint.sequence > found:
            lost = f"ends at {found}, its checkpoint says {checkpoint.sequence}"
            log.warning("the audit log in %s %s: what is missing is written again", self._directory, lost)

    def _hold_directory(self) -> None:
        self._let_go()
        if self._hold is None:
            return
        self._disk.make_directory(self._directory)
        try:
            self._held = self._hold(self._directory)
        except BlockingIOError as error:
            raise SinkAway(f"another process writes the audit log in {self._directory}") from error

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except AuditError as error:
        raise SinkFaulted(f"{type(error).__name__}: {error}; {_REPAIR}") from error
    except OSError as error:
        raise SinkAway(f"the audit log waits for its disk: {error}") from error
