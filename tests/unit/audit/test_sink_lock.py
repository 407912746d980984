"""One process at a time writes the audit log; a second one waits until the first releases it."""

from pathlib import Path

import pytest

from order_engine.followers.audit.sink import AuditSink
from order_engine.followers.sink import SinkAway
from order_engine.journal.disk import LocalDisk
from order_engine.journal.held_file import HeldFile
from tests.unit.audit.audited import END, JOURNAL_ID, trading


def new_sink(directory: Path) -> AuditSink:
    return AuditSink(directory / "audit", LocalDisk(), HeldFile.of_directory)


def test_second_writer_is_kept_away_until_the_first_is_closed(tmp_path: Path) -> None:
    first, second = new_sink(tmp_path), new_sink(tmp_path)
    assert first.open(JOURNAL_ID, END) == 0

    with pytest.raises(SinkAway, match="another process writes the audit log"):
        second.open(JOURNAL_ID, END)
    first.write(trading())
    first.close()

    assert second.open(JOURNAL_ID, END) == END
    second.close()


def test_sink_may_be_opened_again_without_being_closed(tmp_path: Path) -> None:
    sink = new_sink(tmp_path)
    sink.open(JOURNAL_ID, END)
    sink.write(trading())

    assert sink.open(JOURNAL_ID, END) == END
    sink.close()


def test_sink_whose_directory_was_moved_away_begins_a_new_log(tmp_path: Path) -> None:
    sink = new_sink(tmp_path)
    sink.open(JOURNAL_ID, END)
    sink.write(trading())
    (tmp_path / "audit").rename(tmp_path / "moved")

    assert sink.open(JOURNAL_ID, END) == 0
    with pytest.raises(SinkAway):
        new_sink(tmp_path).open(JOURNAL_ID, END)
    sink.close()
