"""The files of a stream: put in place when complete, never in part; every error with them is exit code 2."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.streams.errors import StreamFileError
from order_engine.streams.process import ProcessOptions, StandardStreams, process_stream, run_process
from tests.unit.streams.stream_fixtures import InputInPieces, create, stream

CROSSING = stream(create("a"), create("b", side="SELL"))
RUN = (
    "import sys; from order_engine.streams.process import *; "
    "sys.exit(run_process(ProcessOptions(commands=sys.argv[1], trades=sys.argv[2])))"
)


def run(options: ProcessOptions, standard_input: bytes = b"", output: io.BytesIO | None = None) -> str:
    error = io.StringIO()
    process_stream(options, StandardStreams(InputInPieces([standard_input]), output or io.BytesIO(), error))
    return error.getvalue()


@pytest.fixture
def commands(tmp_path: Path) -> str:
    path = tmp_path / "commands.ndjson"
    path.write_bytes(CROSSING)
    return str(path)


def test_dash_is_standard_input_and_output() -> None:
    output = io.BytesIO()

    run(ProcessOptions(commands="-", trades="-"), CROSSING, output)

    assert output.getvalue().count(b'"trade_id":"2-1"') == 1


def test_output_takes_the_place_of_what_was_there_and_leaves_nothing_beside_it(tmp_path: Path, commands: str) -> None:
    trades = tmp_path / "trades.ndjson"
    trades.write_text("old\n")
    trades.chmod(0o640)

    run(ProcessOptions(commands=commands, trades=str(trades)))

    assert trades.read_bytes().startswith(b'{"trade_id":"2-1"')
    assert trades.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["commands.ndjson", "trades.ndjson"]


def test_link_goes_on_pointing_where_it_did(tmp_path: Path, commands: str) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)

    run(ProcessOptions(commands=commands, trades=str(link)))

    assert link.is_symlink()
    assert b"2-1" in target.read_bytes()


class FailingInput:
    """A file that can be read only in part."""

    def __init__(self) -> None:
        self._read = False

    def read(self, size: int, /) -> bytes:
        if self._read:
            raise OSError(5, "Input/output error")
        self._read = True
        return CROSSING


def test_input_that_breaks_off_leaves_the_old_output(tmp_path: Path) -> None:
    trades = tmp_path / "trades.ndjson"
    trades.write_text("old\n")
    streams = StandardStreams(FailingInput(), io.BytesIO(), io.StringIO())

    with pytest.raises(StreamFileError, match="cannot read standard input: Input/output error"):
        process_stream(ProcessOptions(commands="-", trades=str(trades)), streams)

    assert trades.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["trades.ndjson"]


def test_absent_input_touches_no_output(tmp_path: Path) -> None:
    options = ProcessOptions(commands=str(tmp_path / "absent"), trades=str(tmp_path / "trades"))

    with pytest.raises(StreamFileError, match=r"cannot read .*absent: No such file or directory"):
        run(options)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [".", "absent/trades"])
def test_output_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path, commands: str, name: str) -> None:
    with pytest.raises(StreamFileError, match="cannot write"):
        run(ProcessOptions(commands=commands, trades=str(tmp_path / name), events=str(tmp_path / "events")))

    assert [path.name for path in tmp_path.iterdir()] == ["commands.ndjson"]


def test_input_that_is_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StreamFileError, match=r"cannot read .*: Is a directory"):
        run(ProcessOptions(commands=str(tmp_path)))


def test_two_outputs_in_one_place_are_refused(tmp_path: Path, commands: str) -> None:
    name = str(tmp_path / "out")

    for trades, events in ((name, name), ("-", "-"), (name, f"{tmp_path}/../{tmp_path.name}/out")):
        with pytest.raises(StreamFileError, match=r"--events .* is already used for --trades"):
            run(ProcessOptions(commands=commands, trades=trades, events=events))


def test_output_over_the_input_is_refused(commands: str) -> None:
    with pytest.raises(StreamFileError, match="is already used for the commands"):
        run(ProcessOptions(commands=commands, trades=commands))

    assert Path(commands).read_bytes() == CROSSING


def test_any_number_of_outputs_may_go_to_the_null_device(commands: str) -> None:
    run(ProcessOptions(commands=commands, trades=os.devnull, events=os.devnull, book=os.devnull))

    assert Path(os.devnull).is_char_device()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_full_disk_is_an_error_that_says_so(commands: str) -> None:
    with pytest.raises(StreamFileError, match="cannot write /dev/full: No space left on device"):
        run(ProcessOptions(commands=commands, trades="/dev/full"))


def test_reader_that_went_away_ends_the_process_with_one_line(commands: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    finished = subprocess.run(
        [sys.executable, "-c", RUN, commands, "-"], stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writing)

    assert finished.returncode == 2
    assert finished.stderr == b"process: cannot write standard output: Broken pipe\n"


def test_run_reads_standard_input_and_tells_the_summary_on_standard_error() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", RUN, "-", "-"],
        input=CROSSING + b"nonsense\n",
        capture_output=True,
        timeout=60,
        check=False,
    )

    assert finished.returncode == 0
    assert finished.stdout.startswith(b'{"trade_id":"2-1"')
    told = finished.stderr.decode().splitlines()
    assert told[0].startswith("dead letter at line 3: line: Not JSON")
    assert told[1].startswith("commands 2, trades 1, refusals 0, duplicates 0, gaps 0, dead letters 1, seconds ")
    assert "commands/s " in told[1]


@pytest.mark.parametrize("name", ["absent", "x" * 300])
def test_unusable_file_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run_process(ProcessOptions(commands=str(tmp_path / name))) == 2

    assert "cannot read" in capsys.readouterr().err


def test_dead_letters_without_a_file_are_told_the_first_ten_and_made_harmless() -> None:
    told = run(ProcessOptions(commands="-"), b'{"type":"cancel","order_id":"a","\\u001b[2J":1}\n' * 12).splitlines()

    assert told[0] == "dead letter at line 1: ?[2J: Unknown field."
    assert len(told) == 11
    assert told[-1] == "more dead letters: from here on they are only counted"


def test_progress_is_told_once_a_second(commands: str) -> None:
    times = iter(range(0, 10**12, 600_000_000))
    error = io.StringIO()
    streams = StandardStreams(InputInPieces([CROSSING[:-1], b"\n", b"\n", b"\n"]), io.BytesIO(), error)

    process_stream(ProcessOptions(commands="-", progress=True), streams, lambda: next(times))

    assert error.getvalue().splitlines() == ["2 commands, 1/s", "2 commands, 0/s"]


class NarrowPipe:
    """An output that takes three bytes at a time."""

    def __init__(self) -> None:
        self.taken = b""

    def write(self, payload: bytes | memoryview, /) -> int:
        self.taken += bytes(payload[:3])
        return min(3, len(payload))


def test_output_that_takes_a_little_at_a_time_gets_all_of_it(commands: str) -> None:
    pipe, whole = NarrowPipe(), io.BytesIO()

    for output in (pipe, whole):
        process_stream(
            ProcessOptions(commands=commands, trades="-"), StandardStreams(io.BytesIO(), output, io.StringIO())
        )

    assert pipe.taken == whole.getvalue() != b""


class WatchedInput:
    """A pipe that notes at each read what was written so far."""

    def __init__(self, pieces: list[bytes], output: io.BytesIO) -> None:
        self.seen: list[int] = []
        self._pieces = InputInPieces(pieces)
        self._output = output

    def read(self, size: int, /) -> bytes:
        self.seen.append(self._output.getvalue().count(b"\n"))
        return self._pieces.read(size)


@pytest.mark.parametrize(
    ("option", "counts"), [("trades", [0, 1, 1, 1]), ("events", [0, 4, 4, 5]), ("dead_letters", [0, 0, 1, 1])]
)
def test_what_has_happened_is_put_out_before_more_is_waited_for(option: str, counts: list[int]) -> None:
    output = io.BytesIO()
    watched = WatchedInput([CROSSING, b"nonsense\n", stream({"type": "cancel", "order_id": "a"})], output)

    process_stream(ProcessOptions(commands="-", **{option: "-"}), StandardStreams(watched, output, io.StringIO()))

    assert watched.seen == counts
