"""Where the projector writes: a connection of its own, and the rule that rows and checkpoint move together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, inspect

from order_engine.database.checkpoint import (
    Checkpoint,
    check_checkpoint,
    check_unused,
    claim_checkpoint,
    move_checkpoint,
    read_checkpoint,
)
from order_engine.database.database import Database
from order_engine.database.tables import CheckpointRow
from order_engine.exchange.applied import Applied
from order_engine.followers.sql.row_writer import RowWriter
from order_engine.followers.sql.rows import rows_of


class ProjectionStore:
    """Belongs to one thread. After any error it must be opened again: only then is it known what was committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._writer = RowWriter(database.engine.dialect.name)
        self._errors = database.errors
        self._connection: Connection | None = None
        self._checkpoint: Checkpoint | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, and it is known what was committed."""
        return self._checkpoint is not None

    def require_unused(self) -> None:
        """Raise ``ForeignCheckpoint`` if something was projected from a journal already."""
        with self._translated(), self._database.engine.connect() as connection:
            if inspect(connection).has_table(CheckpointRow.__tablename__):
                check_unused(read_checkpoint(connection))

    def open(self, journal_id: str, journal_end: int) -> int:
        """Connect, migrate where that is still to be done, and return the sequence up to which all is written.

        Raises ``DatabaseUnavailable``, or a ``ProjectionFault`` for a database that is not this journal's.
        """
        self.close()
        self._database.upgrade()
        with self._translated():
            self._connection = self._database.engine.connect()
            with self._connection.begin():
                found = claim_checkpoint(self._connection, journal_id)
        check_checkpoint(found, journal_id, journal_end)
        self._checkpoint = found
        return found.sequence

    def write(self, batch: Sequence[Applied]) -> int:
        """Write consecutive records and the checkpoint in one transaction; return the last sequence."""
        assert self._connection is not None
        assert self._checkpoint is not None
        assert batch[0].record.sequence == self._checkpoint.sequence + 1
        rows = rows_of(batch)
        last = batch[-1].record
        with self._translated(), self._connection.begin():
            moved = move_checkpoint(self._connection, self._checkpoint, last.last_sequence, last.timestamp_ns)
            self._writer.write(self._connection, rows)
        self._checkpoint = moved
        return moved.sequence

    def close(self) -> None:
        """Give the connection up, whatever state it is in."""
        connection, self._connection, self._checkpoint = self._connection, None, None
        if connection is not None:
            with suppress(*self._errors):
                connection.invalidate()
            with suppress(*self._errors):
                connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            raise self._database.unavailable(error) from error
