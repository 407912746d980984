"""A process that writes is killed: whatever it had been told is durable is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.journal.disk import LocalDisk
from order_engine.journal.writer import SyncMode
from tests.unit.journal.journal_fixtures import cancels, open_writer, sequences, write

WRITE_FOREVER = """
import sys
from pathlib import Path
from order_engine.journal.disk import LocalDisk
from order_engine.journal.writer import SyncMode
from tests.unit.journal.journal_fixtures import cancels, open_writer, write
writer = open_writer(LocalDisk(), Path(sys.argv[1]), sync=SyncMode(sys.argv[2]), segment_bytes_max=4000)
while True:
    write(writer, cancels(writer.appended_sequence + 1))
    print(writer.durable_sequence, flush=True)
"""


@pytest.mark.parametrize("mode", list(SyncMode))
def test_killed_process_loses_nothing_that_was_durable(tmp_path: Path, mode: SyncMode) -> None:
    command = [sys.executable, "-c", WRITE_FOREVER, str(tmp_path), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(100)]
        process.kill()
        told += [int(line) for line in process.stdout if line.endswith("\n")]

    writer = open_writer(LocalDisk(), tmp_path, sync=mode)
    assert writer.durable_sequence >= told[-1]
    write(writer, cancels(writer.durable_sequence + 1))
    writer.close()
    assert sequences(LocalDisk(), tmp_path) == list(range(1, writer.durable_sequence + 1))
