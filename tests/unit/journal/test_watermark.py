"""The watermark: other processes see what one sets; a new start uses a new one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.journal.watermark import MemoryWatermark, SharedWatermark, WatermarkMissing


def test_both_values_begin_at_the_sequence_and_move(tmp_path: Path) -> None:
    for watermark in (MemoryWatermark(7), SharedWatermark.create(tmp_path / "watermark", 7)):
        assert (watermark.visible, watermark.synced) == (7, 7)

        watermark.move(1 << 40, 9)

        assert (watermark.visible, watermark.synced) == (1 << 40, 9)


@pytest.mark.parametrize(("visible", "synced"), [(6, 6), (8, 6), (7, 8)])
def test_watermark_never_goes_back_and_synced_never_passes_visible(tmp_path: Path, visible: int, synced: int) -> None:
    for watermark in (MemoryWatermark(7), SharedWatermark.create(tmp_path / "watermark", 7)):
        with pytest.raises(AssertionError):
            watermark.move(visible, synced)

        assert (watermark.visible, watermark.synced) == (7, 7)


def test_another_process_sees_every_move(tmp_path: Path) -> None:
    path = tmp_path / "watermark"
    watermark = SharedWatermark.create(path, 0)
    program = (
        "import sys; from pathlib import Path; from order_engine.journal.watermark import SharedWatermark\n"
        "watermark = SharedWatermark.open(Path(sys.argv[1]))\n"
        "for _ in sys.stdin: print(watermark.visible, watermark.synced, flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for sequence in (1, 255, 256, 1 << 33, (1 << 63) + 1):
            watermark.move(sequence + 1, sequence)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{sequence + 1} {sequence}\n"
        process.stdin.close()


def test_new_start_has_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "watermark"
    (tmp_path / "watermark.partial").write_bytes(b"left by a process that was killed")
    SharedWatermark.create(path, 5)
    follower_of_old = SharedWatermark.open(path)

    new = SharedWatermark.create(path, 3)
    new.move(4, 4)

    assert follower_of_old.visible == 5
    assert SharedWatermark.open(path).visible == 4
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["watermark"]


def test_reader_cannot_move_the_watermark(tmp_path: Path) -> None:
    SharedWatermark.create(tmp_path / "watermark", 5).close()
    reader = SharedWatermark.open(tmp_path / "watermark")

    with pytest.raises(TypeError):
        reader.move(6, 6)

    reader.close()


@pytest.mark.parametrize("content", [None, b"", b"x", b"x" * 24, bytes(24)])
def test_file_that_is_no_watermark_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "watermark"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(WatermarkMissing, match=str(path)):
        SharedWatermark.open(path)
