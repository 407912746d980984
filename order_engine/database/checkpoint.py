"""The checkpoint: the journal that the tables were projected from, and up to which sequence.

It moves in the transaction that writes the rows.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from order_engine.database.errors import CheckpointBeyondJournal, CheckpointMoved, ForeignCheckpoint
from order_engine.database.tables import CheckpointRow

_ONLY = 1
_MOVE = update(CheckpointRow).where(
    CheckpointRow.journal_id == bindparam("journal_id_expected"),
    CheckpointRow.sequence == bindparam("sequence_expected"),
)


class Checkpoint(NamedTuple):
    """``sequence`` is that of the last command whose rows are written; 0: none."""

    journal_id: str
    sequence: int


def read_checkpoint(connection: Connection) -> Checkpoint | None:
    """Return the checkpoint, or None if nothing was ever projected."""
    row = connection.execute(select(CheckpointRow.journal_id, CheckpointRow.sequence)).one_or_none()
    return None if row is None else Checkpoint(row.journal_id, row.sequence)


def claim_checkpoint(connection: Connection, journal_id: str) -> Checkpoint:
    """Return the checkpoint; if there is none, create it for this journal."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    first = insert(CheckpointRow).values(number=_ONLY, journal_id=journal_id, sequence=0, updated_ns=0)
    connection.execute(first.on_conflict_do_nothing())
    found = read_checkpoint(connection)
    assert found is not None
    return found


def check_unused(found: Checkpoint | None) -> None:
    """Refuse a database that has a checkpoint, because a new journal begins."""
    if found is not None:
        raise ForeignCheckpoint(
            f"projection_checkpoint: found journal {found.journal_id} up to sequence {found.sequence}, but there is no "
            "journal in DATA_DIR: restore it, or name an empty database"
        )


def check_same_journal(found: Checkpoint, journal_id: str) -> None:
    """Refuse a database of another journal."""
    if found.journal_id != journal_id:
        raise ForeignCheckpoint(
            f"projection_checkpoint: expected journal {journal_id}, found {found.journal_id}; "
            "the database belongs to another DATA_DIR: name the right one, or an empty database"
        )


def check_checkpoint(found: Checkpoint, journal_id: str, journal_end: int) -> None:
    """Refuse a database of another journal, or one that is ahead of this journal."""
    check_same_journal(found, journal_id)
    if found.sequence > journal_end:
        raise CheckpointBeyondJournal(
            f"projection_checkpoint: expected a sequence of at most {journal_end}, where the journal ends, "
            f"found {found.sequence}; commands are missing from the journal: restore it, "
            "or run `python -m order_engine rebuild`"
        )


def touch_checkpoint(connection: Connection) -> None:
    """Write the checkpoint unchanged."""
    connection.execute(update(CheckpointRow).values(sequence=CheckpointRow.sequence))


def move_checkpoint(connection: Connection, expected: Checkpoint, sequence: int, updated_ns: int) -> Checkpoint:
    """Move the checkpoint from where it is expected; raise ``CheckpointMoved`` if another process moved it."""
    parameters = {"journal_id_expected": expected.journal_id, "sequence_expected": expected.sequence}
    moved = connection.execute(_MOVE, {**parameters, "sequence": sequence, "updated_ns": updated_ns})
    if moved.rowcount != 1:
        raise CheckpointMoved(
            f"projection_checkpoint: expected {expected}, found {read_checkpoint(connection)}; "
            "another process writes to this database, or somebody restored it: stop the server, and start it again"
        )
    return expected._replace(sequence=sequence)
