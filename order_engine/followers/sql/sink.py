"""The database as a sink: rows and checkpoint move together, in one transaction for each batch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Connection

from order_engine.database.checkpoint import Checkpoint, check_checkpoint, claim_checkpoint, move_checkpoint
from order_engine.database.database import Database, database_errors
from order_engine.database.errors import DatabaseRefused, DatabaseUnavailable, MigrationFailed, ProjectionFault
from order_engine.exchange.applied import Applied
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.followers.sql.row_writer import RowWriter
from order_engine.followers.sql.rows import rows_of

_REPAIR = "stop the server and run `python -m order_engine rebuild`"


class SqlSink:
    """Writes the projection of the journal into ``database``."""

    name = "sql"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = RowWriter(database.kind)
        self._errors = database_errors(database.engine)
        self._connection: Connection | None = None
        self._checkpoint: Checkpoint | None = None
        self._synced_sequence = 0
        self.sequence = 0

    def open(self, journal_id: str, journal_end: int) -> int:
        """Connect, migrate, claim the checkpoint, and return the sequence up to which all is written."""
        self.close()
        with self._translated():
            self._database.upgrade()
            self._connection = self._database.engine.connect()
            with self._connection.begin():
                found = claim_checkpoint(self._connection, journal_id)
            check_checkpoint(found, journal_id, journal_end)
        self._checkpoint = found
        self.sequence = found.sequence
        return found.sequence

    def write(self, batch: Sequence[Applied]) -> None:
        """Write rows and checkpoint of consecutive records in one transaction."""
        assert self._connection is not None
        assert self._checkpoint is not None
        assert batch[0].record.sequence == self.sequence + 1
        rows = rows_of(batch)
        last = batch[-1].record
        with self._translated(), self._connection.begin():
            moved = move_checkpoint(self._connection, self._checkpoint, last.last_sequence, last.timestamp_ns)
            self._writer.write(self._connection, rows)
        self._checkpoint = moved
        self.sequence = moved.sequence

    def sync(self) -> int:
        """Put all that was committed on disk; return the sequence up to which that is so."""
        if self._synced_sequence != self.sequence:
            with self._translated():
                self._database.harden()
            self._synced_sequence = self.sequence
        return self._synced_sequence

    def close(self) -> None:
        """Give the connection up, whatever state it is in."""
        connection, self._connection, self._checkpoint = self._connection, None, None
        self._synced_sequence = 0
        if connection is not None:
            with suppress(*self._errors):
                connection.invalidate()
            with suppress(*self._errors):
                connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (ProjectionFault, MigrationFailed, DatabaseRefused) as error:
            raise SinkFaulted(f"{type(error).__name__}: {error}; {_REPAIR}") from error
        except DatabaseUnavailable as error:
            raise SinkAway(str(error)) from error
        except self._errors as error:
            unavailable = self._database.unavailable(error)
            refused = isinstance(unavailable, DatabaseRefused)
            raise (SinkFaulted(f"{unavailable}; {_REPAIR}") if refused else SinkAway(str(unavailable))) from error
