"""Segments move to the archive; a crash at any moment loses none, and readers find them there."""

import errno
import os
from pathlib import Path

import pytest

from order_engine.journal.archive import ArchiveOccupied, all_segments, move_to_archive
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalGap
from order_engine.journal.reader import JournalReader
from order_engine.journal.segments import list_segments
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import DIRECTORY, big_cancel, write_journal

ARCHIVE = Path("/archive")
RECORDS = [big_cancel(sequence) for sequence in range(1, 6)]


def journal() -> FakeDisk:
    """Five records in five segments."""
    disk = FakeDisk()
    write_journal(disk, *RECORDS, segment_bytes_max=1_000)
    disk.sync_directory(DIRECTORY)
    return disk


def sequences(
    disk: LocalDisk | FakeDisk, directory: Path = DIRECTORY, archive: Path = ARCHIVE, after: int = 0
) -> list[int]:
    reader = JournalReader(directory, disk, rules_version=1, archive=archive)
    return [record.sequence for record in reader.records(after)]


class StoppingDisk(FakeDisk):
    """Fails at one step that changes names or bytes, as a crash would; renames may fail between file systems."""

    def __init__(self, stop_at: int, *, is_other_file_system: bool) -> None:
        super().__init__()
        self.stop_at = stop_at
        self.is_other_file_system = is_other_file_system
        self.steps = -1_000_000

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.stop_at:
            raise KeyboardInterrupt

    def create(self, path: Path, content: bytes) -> None:
        self.step()
        super().create(path, content)

    def rename(self, source: Path, target: Path) -> None:
        self.step()
        if self.is_other_file_system and source.parent != target.parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        self.step()
        super().remove(path)

    def sync_directory(self, directory: Path) -> None:
        self.step()
        super().sync_directory(directory)


@pytest.mark.parametrize("is_other_file_system", [False, True])
def test_crash_at_every_step_of_archiving_loses_nothing(is_other_file_system: bool) -> None:
    """After each failure every record is there once, and archiving can start again."""
    crashes = 0
    for stop_at in range(1, 20):
        disk = StoppingDisk(stop_at, is_other_file_system=is_other_file_system)
        write_journal(disk, *RECORDS, segment_bytes_max=1_000)
        disk.sync_directory(DIRECTORY)
        segment = list_segments(DIRECTORY, disk)[0]
        disk.steps = 0
        try:
            move_to_archive(segment, ARCHIVE, disk)
        except KeyboardInterrupt:
            crashes += 1
            for survivor in (disk, disk.crash()):
                assert sequences(survivor) == [1, 2, 3, 4, 5]
                survivor.__class__ = FakeDisk
                if segment in list_segments(DIRECTORY, survivor):
                    move_to_archive(segment, ARCHIVE, survivor)
                    assert segment not in list_segments(DIRECTORY, survivor.crash())
                assert sequences(survivor.crash()) == [1, 2, 3, 4, 5]

    assert crashes == (7 if is_other_file_system else 3)


def test_reading_from_the_beginning_finds_what_was_archived() -> None:
    disk = journal()
    for segment in list_segments(DIRECTORY, disk)[:3]:
        move_to_archive(segment, ARCHIVE, disk)

    assert sequences(disk) == [1, 2, 3, 4, 5]
    assert sequences(disk, after=1) == [2, 3, 4, 5]
    assert [segment.path.parent for segment in all_segments(DIRECTORY, ARCHIVE, disk)] == [ARCHIVE] * 3 + [
        DIRECTORY
    ] * 2


def test_reading_that_needs_none_of_it_does_not_look_into_the_archive() -> None:
    disk = journal()
    for segment in list_segments(DIRECTORY, disk)[:3]:
        move_to_archive(segment, ARCHIVE, disk)
    disk.put(ARCHIVE / f"{1:020d}.journal", b"damaged")

    assert sequences(disk, after=3) == [4, 5]


def test_segment_that_is_moved_during_a_reading_is_found() -> None:
    disk = journal()
    reader = JournalReader(DIRECTORY, disk, rules_version=1, archive=ARCHIVE)
    found = []
    for record in reader.records():
        if record.sequence == 1:
            for segment in list_segments(DIRECTORY, disk)[1:4]:
                move_to_archive(segment, ARCHIVE, disk)
        found.append(record.sequence)

    assert found == [1, 2, 3, 4, 5]


def test_journal_without_its_archive_says_where_it_begins() -> None:
    disk = journal()
    disk.remove(list_segments(DIRECTORY, disk)[0].path)

    with pytest.raises(JournalGap, match="begins at 2"):
        sequences(disk)


def test_archive_is_not_taken_for_a_journal_that_is_gone() -> None:
    disk = journal()
    for segment in list_segments(DIRECTORY, disk):
        move_to_archive(segment, ARCHIVE, disk)

    with pytest.raises(JournalGap, match="the journal is gone, /archive has what came before"):
        sequences(disk)


def test_segment_of_another_exchange_in_the_archive_is_not_overwritten() -> None:
    disk = journal()
    segment = list_segments(DIRECTORY, disk)[0]
    disk.put(ARCHIVE / segment.path.name, b"another's")

    with pytest.raises(ArchiveOccupied, match="found another"):
        move_to_archive(segment, ARCHIVE, disk)
    assert disk.content(ARCHIVE / segment.path.name) == b"another's"


def test_real_files_are_moved(tmp_path: Path) -> None:
    directory, archive, disk = tmp_path / "journal", tmp_path / "far" / "archive", LocalDisk()
    directory.mkdir()
    write_journal(disk, *RECORDS, directory=directory, segment_bytes_max=1_000)  # type: ignore[arg-type]

    for segment in list_segments(directory, disk)[:4]:
        move_to_archive(segment, archive, disk)

    assert sequences(disk, directory, archive) == [1, 2, 3, 4, 5]
    assert len(list(archive.iterdir())) == 4
