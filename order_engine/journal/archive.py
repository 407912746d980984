"""The archive: holds the segments that a start no longer needs. Readers find them here.

A crash during a move leaves the segment in the journal's directory, in the archive, or identical in both. Readers list
the journal's directory first and the archive second, so they do not miss a segment that is moved meanwhile.
"""

import errno
from pathlib import Path
from typing import BinaryIO

from order_engine.journal.disk import READ_BUFFER_BYTES, Disk
from order_engine.journal.errors import JournalError, JournalGap, JournalUnreadable
from order_engine.journal.segments import Segment, list_segments

ARCHIVE_DIRECTORY = "archive"


class ArchiveOccupied(JournalError):
    """The archive has a different file with the segment's name: perhaps two exchanges share the archive."""


def all_segments(directory: Path, archive: Path, disk: Disk) -> list[Segment]:
    """Return the segments in the journal's directory and in the archive, in order of sequence."""
    live = list_segments(directory, disk)
    try:
        archived = list_segments(archive, disk)
    except FileNotFoundError:
        archived = []
    found = {segment.first_sequence: segment for segment in archived + live}
    return [found[first_sequence] for first_sequence in sorted(found)]


def segments_from(directory: Path, archive: Path | None, disk: Disk, after_sequence: int) -> list[Segment]:
    """Return the segments with the records after a sequence, in order; none if there is no journal yet.

    Raises ``JournalGap`` if the journal begins later, or is gone.
    """
    try:
        segments = list_segments(directory, disk)
        if archive is not None and (not segments or segments[0].first_sequence > after_sequence + 1):
            segments = _with_archived(segments, directory, archive, disk)
    except OSError as error:
        raise JournalUnreadable(directory, error) from error
    if not segments:
        return []
    if segments[0].first_sequence > after_sequence + 1:
        raise JournalGap(
            f"{directory}: the journal begins at {segments[0].first_sequence}, "
            f"records from {after_sequence + 1} were asked for"
        )
    before = sum(segment.first_sequence <= after_sequence + 1 for segment in segments)
    return segments[before - 1 :]


def _with_archived(live: list[Segment], directory: Path, archive: Path, disk: Disk) -> list[Segment]:
    segments = all_segments(directory, archive, disk)
    if segments and not live:
        raise JournalGap(f"{directory}: the journal is gone, {archive} has what came before: restore it")
    return segments


def archived(segment: Segment, archive: Path) -> Segment:
    """Return a segment with its path in the archive."""
    return segment._replace(path=archive / segment.path.name)


def move_to_archive(segment: Segment, archive: Path, disk: Disk) -> Segment:
    """Move a finished segment to the archive, durably. Raises ``OSError`` or ``ArchiveOccupied``."""
    disk.make_directory(archive)
    target = archived(segment, archive)
    if target.path.name in disk.names(archive) and not _is_same(segment.path, target.path, disk):
        raise ArchiveOccupied(f"{target.path}: expected no such file, or the same as {segment.path}, found another")
    try:
        disk.rename(segment.path, target.path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(segment.path, target.path, disk)
        disk.sync_directory(archive)
        disk.remove(segment.path)
    # Sync the new name first: a crash in between leaves both.
    disk.sync_directory(archive)
    disk.sync_directory(segment.path.parent)
    return target


def _copy(source: Path, target: Path, disk: Disk) -> None:
    """Copy a file to another file system; it gets its final name only once all of it is on disk there."""
    partial = target.with_name(target.name + ".moving")
    disk.create(partial, b"")
    file = disk.open_append(partial)
    try:
        with disk.open_read(source) as stream:
            while piece := stream.read(READ_BUFFER_BYTES):
                file.write(piece)
        file.sync()
    finally:
        file.close()
    disk.rename(partial, target)


def _is_same(first: Path, second: Path, disk: Disk) -> bool:
    if disk.size(first) != disk.size(second):
        return False
    with disk.open_read(first) as one, disk.open_read(second) as other:
        return _same_bytes(one, other)


def _same_bytes(one: BinaryIO, other: BinaryIO) -> bool:
    while piece := one.read(READ_BUFFER_BYTES):
        if piece != other.read(READ_BUFFER_BYTES):
            return False
    return True
