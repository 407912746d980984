"""The database as a sink. Each batch is one transaction, which writes the rows and moves the checkpoint."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from order_engine.database.checkpoint import Checkpoint, check_checkpoint, claim_checkpoint, move_checkpoint
from order_engine.database.database import Database
from order_engine.database.database_url import WRITE_SECONDS_FIRST
from order_engine.database.errors import (
    DatabaseRefused,
    DatabaseUnavailable,
    MigrationFailed,
    ProjectionFault,
    RowsMissing,
)
from order_engine.database.writer import Writer
from order_engine.exchange.applied import Applied
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.followers.sql.row_writer import RowWriter
from order_engine.followers.sql.rows import rows_of

SECONDS_MAX = 300

_REPAIR = "stop the server and run `python -m order_engine rebuild`"


class SqlSink:
    """Writes the projection of the journal into ``database``.

    A statement that takes more than ``seconds_first`` fails; the next attempt is allowed twice the time.
    """

    name = "sql"

    def __init__(self, database: Database, seconds_first: int = WRITE_SECONDS_FIRST) -> None:
        self._database = database
        self._rows = RowWriter(database.kind)
        self._writer: Writer | None = None
        self._checkpoint = Checkpoint("", 0)
        self._seconds_first = self._seconds_max = seconds_first
        self._synced_sequence = 0
        self.sequence = 0

    def open(self, journal_id: str, journal_end: int) -> int:
        """Connect, migrate, claim the checkpoint, and return its sequence."""
        self.close()
        try:
            with _translated():
                self._writer = self._database.open_writer(self._seconds_max)
                with self._database.translated(), self._writer.connection.begin():
                    found = claim_checkpoint(self._writer.connection, journal_id)
                check_checkpoint(found, journal_id, journal_end)
        except BaseException:
            self.close()
            raise
        self._checkpoint, self.sequence = found, found.sequence
        return found.sequence

    def write(self, batch: Sequence[Applied]) -> None:
        """Write the rows of consecutive records and the checkpoint in one transaction."""
        first, last = batch[0].record, batch[-1].record
        assert first.sequence == self.sequence + 1
        rows = rows_of(batch)
        try:
            with self._timed(), _translated():
                writer = self._open_writer()
                connection = writer.connection
                writer.check_file()
                with self._database.translated(), connection.begin():
                    moved = move_checkpoint(connection, self._checkpoint, last.last_sequence, last.timestamp_ns)
                    self._rows.write(connection, rows)
        except BaseException:
            # It is unknown whether the transaction was committed; opening again reads the checkpoint.
            self.close()
            raise
        self._checkpoint, self.sequence = moved, moved.sequence

    def sync(self) -> int:
        """Sync what was committed; return the last synced sequence."""
        if self._synced_sequence != self.sequence:
            with self._timed(), _translated():
                writer = self._open_writer()
                writer.check_file()
                self._database.sync(writer.connection)
            self._synced_sequence = self.sequence
        return self._synced_sequence

    def close(self) -> None:
        """Drop the connection, in whatever state it is."""
        writer, self._writer = self._writer, None
        self._synced_sequence = 0
        self._rows.forget()
        if writer is not None:
            writer.close(self._database.errors)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        """After an attempt that ran out of time, double the time of the next: the batch may need it."""
        began = monotonic()
        try:
            yield
        except SinkAway:
            if monotonic() - began >= self._seconds_max:
                self._seconds_max = max(self._seconds_max, min(2 * self._seconds_max, SECONDS_MAX))
            raise
        self._seconds_max = self._seconds_first

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise DatabaseUnavailable("the database is not open")
        return self._writer


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DatabaseRefused, RowsMissing) as error:
        raise SinkFaulted(f"{type(error).__name__}: {error}; {_REPAIR}") from error
    except (ProjectionFault, MigrationFailed) as error:
        raise SinkFaulted(f"{type(error).__name__}: {error}") from error
    except DatabaseUnavailable as error:
        raise SinkAway(str(error)) from error
