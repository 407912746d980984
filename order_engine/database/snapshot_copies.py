"""Stands in for the copies of snapshots until bootstrap no longer asks for them: delete together with that."""

from order_engine.database.snapshot_store import SnapshotStore
from order_engine.exchange.snapshots import Snapshot, SnapshotCopy


class DatabaseSnapshotCopies:
    """Keeps no copies."""

    def __init__(self, store: SnapshotStore) -> None:
        self.store = store

    def save(self, snapshot: Snapshot) -> None:
        """Do nothing."""

    def newest_first(self, journal_id: str, sequence_max: int | None) -> list[SnapshotCopy]:  # noqa: ARG002
        """Return nothing."""
        return []
