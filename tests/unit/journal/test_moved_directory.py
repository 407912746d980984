"""Nothing is written or acknowledged once another process may own the journal's place."""

import shutil
from pathlib import Path

import pytest

from order_engine.journal.committer import Committer
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalFailed
from order_engine.journal.watermark import MemoryWatermark
from tests.unit.journal.journal_fixtures import JOURNAL_ID, cancels, read_all, sequences


def test_owner_whose_directory_was_replaced_stops_before_it_writes(tmp_path: Path) -> None:
    disk, data, moved = LocalDisk(), tmp_path / "data", tmp_path / "moved"
    disk.make_directory(data / "journal")
    lock, watermark = DirectoryLock(data), MemoryWatermark()
    committer = Committer(
        data / "journal",
        disk,
        end=read_all(disk, data / "journal")[1],
        journal_id=JOURNAL_ID,
        rules_version=1,
        clock=lambda: 0,
        watermark=watermark,
        require_in_place=lock.require_in_place,
    )
    committer.append(cancels(1))
    assert committer.commit()

    data.rename(moved)
    shutil.copytree(moved, data)
    committer.append(cancels(2))

    assert not committer.commit()
    assert "another is in its place" in str(committer.failure)
    assert watermark.visible == 1
    assert sequences(disk, moved / "journal") == sequences(disk, data / "journal") == [1]
    with pytest.raises(JournalFailed):
        committer.close()
    lock.release()
