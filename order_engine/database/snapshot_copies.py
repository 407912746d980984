"""Snapshots in the database, as the service asks for them: a second place, which may be out of reach."""

from functools import partial

from order_engine.database.errors import DatabaseUnavailable
from order_engine.database.snapshot_store import SnapshotLabel, SnapshotStore
from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.snapshots import Snapshot, SnapshotCopy


class DatabaseSnapshotCopies:
    """Copies of snapshots in ``book_snapshots``."""

    def __init__(self, store: SnapshotStore) -> None:
        self._store = store

    def save(self, snapshot: Snapshot) -> None:
        """Keep a copy; raises ``SnapshotError`` if the database cannot."""
        header = snapshot.header
        label = SnapshotLabel(header.journal_id, header.sequence, header.state_hash, header.timestamp_ns)
        try:
            self._store.save(label, snapshot.content)
        except DatabaseUnavailable as error:
            raise SnapshotError(str(error)) from error

    def newest_first(self, journal_id: str, sequence_max: int | None) -> list[SnapshotCopy]:
        """List the copies of a journal's snapshots, those up to a sequence or all; none if they are out of reach."""
        try:
            labels = self._store.labels(journal_id)
        except DatabaseUnavailable:
            return []
        sequences = [label.sequence for label in labels if sequence_max is None or label.sequence <= sequence_max]
        return [SnapshotCopy(sequence, partial(self._read, journal_id, sequence)) for sequence in sequences]

    def _read(self, journal_id: str, sequence: int) -> bytes:
        try:
            content = self._store.load(journal_id, sequence)
        except DatabaseUnavailable as error:
            raise SnapshotError(str(error)) from error
        if content is None:
            raise SnapshotError("it is not there any more")
        return content
