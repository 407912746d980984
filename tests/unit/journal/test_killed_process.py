"""After a committing process is killed, everything up to its watermark is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.journal.committer import SyncMode
from order_engine.journal.disk import LocalDisk
from order_engine.journal.tail import Tail
from order_engine.journal.watermark import WATERMARK_NAME, SharedWatermark
from tests.unit.journal.journal_fixtures import cancels, open_committer, sequences, write

WRITE_FOREVER = """
import sys
from pathlib import Path
from order_engine.journal.committer import SyncMode
from order_engine.journal.disk import LocalDisk
from order_engine.journal.watermark import WATERMARK_NAME, SharedWatermark
from tests.unit.journal.journal_fixtures import cancels, open_committer
directory = Path(sys.argv[1])
watermark = SharedWatermark.create(directory / WATERMARK_NAME, 0)
committer = open_committer(
    LocalDisk(), directory, sync=SyncMode(sys.argv[2]), segment_bytes_max=4000, sync_interval_ms=1, watermark=watermark
)
committer.start()
while True:
    for _ in range(20):
        committer.append(cancels(committer.appended_sequence + 1))
    committer.wait_visible(committer.appended_sequence - 5)
    print(committer.visible_sequence, flush=True)
"""


@pytest.mark.parametrize("mode", list(SyncMode))
def test_killed_process_loses_nothing_that_was_visible(tmp_path: Path, mode: SyncMode) -> None:
    command = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path), mode]
    tail, found = Tail(tmp_path, LocalDisk(), rules_version=1), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline())]
        watermark = SharedWatermark.open(tmp_path / WATERMARK_NAME)
        while tail.position < 2_000:
            told.append(int(process.stdout.readline()))
            found += tail.read(watermark.visible)
            assert tail.position >= told[-1] or len(found) % 1_000 == 0
        process.kill()
        told += [int(line) for line in process.stdout if line.endswith("\n")]
    while records := tail.read(watermark.visible):
        found += records
    tail.close()

    assert found == [cancels(sequence) for sequence in range(1, watermark.visible + 1)]
    assert told[-1] <= watermark.visible
    assert watermark.synced <= watermark.visible
    reopened = open_committer(LocalDisk(), tmp_path, sync=mode)
    assert reopened.visible_sequence >= watermark.visible
    write(reopened, cancels(reopened.visible_sequence + 1))
    reopened.close()
    assert sequences(LocalDisk(), tmp_path) == list(range(1, reopened.visible_sequence + 1))
