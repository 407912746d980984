"""The audit log as a sink: damage faults it, a disk that fails keeps it away for a while."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from order_engine.exchange.applied import Applied
from order_engine.followers.audit.errors import AuditError, AuditForeign
from order_engine.followers.audit.log import AuditLog
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import Disk
from order_engine.journal.errors import JournalLocked

_REPAIR = "move the audit directory away, and it is written anew from the journal"


class AuditSink:
    """Writes the audit log in ``directory``. ``take_lock`` keeps every other process from writing it."""

    name = "audit"

    def __init__(self, directory: Path, disk: Disk, take_lock: Callable[[Path], DirectoryLock] | None = None) -> None:
        self._directory = directory
        self._disk = disk
        self._take_lock = take_lock
        self._lock: DirectoryLock | None = None
        self._log = AuditLog(directory, disk)
        self.sequence = 0

    def open(self, journal_id: str, journal_end: int) -> int:
        """Cut off what a crash left unfinished and return the last sequence that is written."""
        with _translated():
            self._disk.make_directory(self._directory)
            if self._take_lock is not None and self._lock is None:
                self._lock = self._take_lock(self._directory)
            found = self._log.open(journal_id)
            if found > journal_end:
                raise AuditForeign(f"the log goes to {found}, the journal ends at {journal_end}: restore the journal")
        self.sequence = found
        return found

    def write(self, batch: Sequence[Applied]) -> None:
        """Append the entries of consecutive records."""
        with _translated():
            self._log.append(batch)
        self.sequence = self._log.last_sequence

    def sync(self) -> int:
        """Put all entries on disk and return the last sequence."""
        with _translated():
            self._log.sync()
        return self._log.synced_sequence

    def close(self) -> None:
        """Release the file and the lock."""
        with suppress(OSError):
            self._log.close()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except AuditError as error:
        raise SinkFaulted(f"{type(error).__name__}: {error}; {_REPAIR}") from error
    except JournalLocked as error:
        raise SinkAway(f"the audit log is written by another process: it holds {error.directory}/lock") from error
    except OSError as error:
        raise SinkAway(f"the audit log waits for its disk: {error}") from error
