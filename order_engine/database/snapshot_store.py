"""Copies of snapshots in the database, for the day when the disk with the files is gone."""

from typing import NamedTuple

from sqlalchemy import delete, select

from order_engine.database.database import Database
from order_engine.database.tables import SnapshotRow


class SnapshotLabel(NamedTuple):
    """Which moment of which journal a snapshot shows."""

    journal_id: str
    sequence: int
    state_hash: str
    taken_ns: int


class SnapshotStore:
    """Keeps the newest ``keep_count`` snapshots of each journal. Every method may raise ``DatabaseUnavailable``."""

    def __init__(self, database: Database, keep_count: int = 3) -> None:
        self._database = database
        self._keep_count = keep_count

    def save(self, label: SnapshotLabel, content: bytes) -> None:
        """Store a snapshot in place of the oldest; one of the same moment is replaced."""
        with self._database.writing() as session:
            if self._database.kind == "postgresql":
                # A large copy may take longer than a read ever should.
                session.connection().exec_driver_sql("SET LOCAL statement_timeout = 0")
            session.merge(SnapshotRow(**label._asdict(), content=content))
            kept = (
                select(SnapshotRow.sequence)
                .where(SnapshotRow.journal_id == label.journal_id)
                .order_by(SnapshotRow.sequence.desc())
                .limit(self._keep_count)
            )
            session.flush()
            kept_sequences = session.scalars(kept).all()
            session.execute(
                delete(SnapshotRow).where(
                    SnapshotRow.journal_id == label.journal_id, SnapshotRow.sequence < min(kept_sequences)
                )
            )

    def labels(self, journal_id: str) -> list[SnapshotLabel]:
        """List the snapshots of a journal, newest first."""
        columns = (SnapshotRow.journal_id, SnapshotRow.sequence, SnapshotRow.state_hash, SnapshotRow.taken_ns)
        statement = select(*columns).where(SnapshotRow.journal_id == journal_id).order_by(SnapshotRow.sequence.desc())
        with self._database.reading() as session:
            return [SnapshotLabel(*row) for row in session.execute(statement)]

    def load(self, journal_id: str, sequence: int) -> bytes | None:
        """Return the content of a snapshot, or nothing where there is none."""
        statement = select(SnapshotRow.content).where(
            SnapshotRow.journal_id == journal_id, SnapshotRow.sequence == sequence
        )
        with self._database.reading() as session:
            return session.scalars(statement).one_or_none()
