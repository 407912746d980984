"""The checkpoint of the log: the last sequence that was synced, in a file beside the log's directory.

A log that was deleted, or cut at its end, looks like one that is only behind. The checkpoint tells them apart: the log
is synced first, so it never has less than its checkpoint says.
"""

from pathlib import Path

import msgspec
from msgspec import Struct

from order_engine.followers.audit.errors import AuditDamaged
from order_engine.journal.disk import Disk
from order_engine.journal.record import UNDECODABLE


class AuditCheckpoint(Struct, frozen=True, forbid_unknown_fields=True):
    """The last synced sequence of the log of a journal."""

    journal_id: str
    sequence: int


def checkpoint_path(directory: Path) -> Path:
    """Return the path of the checkpoint of the log in a directory."""
    return directory.with_suffix(".checkpoint")


def read_checkpoint(directory: Path, disk: Disk) -> AuditCheckpoint | None:
    """Return the checkpoint, or None if there is none; raises ``AuditDamaged``."""
    path = checkpoint_path(directory)
    try:
        with disk.open_read(path) as file:
            content = file.read()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=AuditCheckpoint)
    except UNDECODABLE as error:
        raise AuditDamaged(path, 0, "a checkpoint", str(error)) from error


def write_checkpoint(directory: Path, disk: Disk, checkpoint: AuditCheckpoint) -> None:
    """Replace the checkpoint, durably and atomically."""
    disk.create(checkpoint_path(directory), msgspec.json.encode(checkpoint) + b"\n")
