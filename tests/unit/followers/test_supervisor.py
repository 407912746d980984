"""One process follows at a time; after a kill, crash or hang a new one starts and gets the pending requests."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic

import pytest

from order_engine.followers.progress import OK, SNAPSHOTS, SQL, Progress
from order_engine.followers.restart_pace import RESTART_SECONDS_MAX, GrowingPatience, GrowingPause
from order_engine.followers.supervisor import FollowerProcess
from tests.unit.exchange.exchanges import PATIENCE_SECONDS, wait_until
from tests.unit.followers.fake_process import HANGS_SECONDS, OTHER, SOUND

ROOT = Path(__file__).resolve().parents[3]


class Supervised:
    """A supervisor of fake processes. ``behaviours`` are those of the processes in order; the last is used again."""

    def __init__(self, log: Path) -> None:
        self.behaviours = ["follows"]
        self.spawned: list[subprocess.Popen[bytes]] = []
        self.spawned_at: list[float] = []
        self.digests: Mapping[int, int] = {4: SOUND}
        self.progress = Progress(lambda: 100)
        self.pauses: list[float] = []
        self.process = FollowerProcess(self.spawn, self.progress, lambda: self.digests, self.pauses.append)
        self._log = log

    def spawn(self, descriptor: int) -> "subprocess.Popen[bytes]":
        assert all(process.returncode is not None for process in self.spawned), "two at once"
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        if behaviour == "cannot be started":
            self.spawned_at.append(monotonic())
            raise FileNotFoundError("no such program")
        command = [
            sys.executable,
            "-m",
            "tests.unit.followers.fake_process",
            str(descriptor),
            str(self._log),
            behaviour,
        ]
        self.spawned.append(subprocess.Popen(command, cwd=ROOT, pass_fds=[descriptor], stderr=subprocess.PIPE))
        self.spawned_at.append(monotonic())
        return self.spawned[-1]

    def heard(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    def wait_running(self, number: int = 1) -> int:
        """Return the id of the process of this number once it has reported."""
        wait_until(lambda: len(self.spawned) >= number and self.progress.status == OK)
        return self.spawned[number - 1].pid

    @property
    def gaps(self) -> list[float]:
        return [after - before for before, after in zip(self.spawned_at, self.spawned_at[1:], strict=False)]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    supervised = Supervised(tmp_path / "heard")
    yield supervised
    supervised.process.finish(0, 0)
    assert all(process.returncode is not None for process in supervised.spawned)


def test_reports_become_progress(supervised: Supervised) -> None:
    supervised.process.start()

    assert supervised.wait_running() == supervised.process.process_id
    assert supervised.progress.wait_shown(5, PATIENCE_SECONDS)

    assert supervised.progress.of(SQL).sequence == 5
    assert (supervised.progress.replica_sequence, supervised.progress.reads_open) == (7, True)


def test_finished_process_ends_within_the_grace_and_has_no_successor(supervised: Supervised) -> None:
    supervised.process.start()
    supervised.wait_running()

    assert supervised.process.finish(9, PATIENCE_SECONDS)

    assert [process.returncode for process in supervised.spawned] == [0]
    assert supervised.heard()[-1] == "Finish 9"


def test_process_that_does_not_finish_is_killed_after_the_grace(supervised: Supervised) -> None:
    supervised.behaviours = ["never finishes"]
    supervised.process.start()
    supervised.wait_running()

    assert not supervised.process.finish(9, 0.2)

    assert [process.returncode for process in supervised.spawned] == [-signal.SIGKILL]


def test_supervisor_that_was_never_started_has_nothing_to_finish(supervised: Supervised) -> None:
    assert not supervised.process.finish(9, 0)


def test_killed_process_has_a_successor_again_and_again(supervised: Supervised) -> None:
    supervised.process.start()
    for number in range(1, 4):
        os.kill(supervised.wait_running(number), signal.SIGKILL)
        wait_until(lambda number=number: len(supervised.spawned) > number)  # type: ignore[misc]  # binds the number

    supervised.wait_running(4)

    assert supervised.progress.restarts == 3
    assert [process.returncode for process in supervised.spawned[:3]] == [-signal.SIGKILL] * 3


def test_crashing_process_is_started_after_growing_pauses_and_health_says_so(supervised: Supervised) -> None:
    supervised.behaviours = ["crashes", "crashes", "crashes", "follows"]
    statuses: list[str] = []
    supervised.progress.on_change(lambda: statuses.append(supervised.progress.status))
    supervised.process.start()

    supervised.wait_running(4)

    assert supervised.pauses == [0.1, 0.2, 0.4]
    assert statuses[0] == f"started again: process {supervised.spawned[0].pid} ended with 3"


def test_error_that_ended_a_process_is_told_and_passed_on(
    supervised: Supervised, capfd: pytest.CaptureFixture[str]
) -> None:
    supervised.behaviours = ["fails", "follows"]
    statuses: list[str] = []
    supervised.progress.on_change(lambda: statuses.append(supervised.progress.status))
    supervised.process.start()

    supervised.wait_running(2)

    process_id = supervised.spawned[0].pid
    assert statuses[0] == f"started again: process {process_id} ended with 1: RuntimeError: the wheel came off"
    written = capfd.readouterr().err
    assert "Traceback" in written
    assert written.count("RuntimeError: the wheel came off") == 1


def test_last_line_before_a_signal_is_not_taken_for_its_error(supervised: Supervised) -> None:
    supervised.behaviours = ["chats", "follows"]
    statuses: list[str] = []
    supervised.progress.on_change(lambda: statuses.append(supervised.progress.status))
    supervised.process.start()

    supervised.wait_running(2)

    assert f"started again: process {supervised.spawned[0].pid} ended with -9" in statuses


def test_successor_of_a_process_that_got_further_starts_after_the_shortest_pause(supervised: Supervised) -> None:
    supervised.behaviours = ["crashes", "crashes", "crashes", "follows"]
    supervised.process.start()
    process_id = supervised.wait_running(4)
    assert supervised.progress.wait_shown(5, PATIENCE_SECONDS)

    os.kill(process_id, signal.SIGKILL)
    wait_until(lambda: len(supervised.spawned) == 5)

    assert supervised.pauses == [0.1, 0.2, 0.4, 0.1]


def test_pauses_grow_up_to_a_limit_and_begin_again_after_a_long_run() -> None:
    pause = GrowingPause()
    pauses = [pause.after(0, has_progressed=False) for _ in range(8)]

    pauses.append(pause.after(RESTART_SECONDS_MAX + 1, has_progressed=False))

    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 0.1]


def test_process_that_cannot_be_started_is_told_and_tried_again(supervised: Supervised) -> None:
    supervised.behaviours = ["cannot be started", "cannot be started", "follows"]
    statuses: list[str] = []
    supervised.progress.on_change(lambda: statuses.append(supervised.progress.status))
    supervised.process.start()

    supervised.wait_running()

    assert statuses[0] == "cannot be run: FileNotFoundError: no such program"
    assert statuses[-1] == OK


def test_process_that_reports_no_more_is_killed_and_has_a_successor(supervised: Supervised) -> None:
    supervised.behaviours = ["hangs", "follows"]
    supervised.process.start()

    wait_until(lambda: len(supervised.spawned) == 2)

    assert supervised.spawned[0].returncode == -signal.SIGKILL
    assert supervised.gaps[0] >= HANGS_SECONDS
    supervised.wait_running(2)
    assert supervised.progress.restarts == 1


def test_process_that_reads_nothing_never_holds_up_who_asks(supervised: Supervised) -> None:
    """More is sent than the socket takes; the last requests arrive once the process goes on."""
    supervised.process.start()
    process_id = supervised.wait_running()
    os.kill(process_id, signal.SIGSTOP)

    for sequence in range(1, 10_000):
        supervised.progress.want(sequence)
    supervised.process.want_snapshot(10_000)

    os.kill(process_id, signal.SIGCONT)
    wait_until(lambda: supervised.progress.of(SNAPSHOTS).sequence == 10_000)
    assert supervised.progress.wait_shown(9_999, PATIENCE_SECONDS)
    assert supervised.progress.restarts == 0


def test_successor_is_told_what_was_asked_for_and_is_not_done(supervised: Supervised) -> None:
    supervised.behaviours = ["hears only", "follows", "hears only"]
    supervised.process.start()
    process_id = supervised.wait_running()
    supervised.progress.want(5)
    supervised.process.want_snapshot(3)
    supervised.process.want_snapshot(4)
    wait_until(lambda: supervised.heard() == ["Want 5", "WantSnapshot 3", "WantSnapshot 4"])

    os.kill(process_id, signal.SIGKILL)

    wait_until(lambda: supervised.heard()[3:] == ["Want 5", "WantSnapshot 4"])
    wait_until(lambda: supervised.progress.shows(5) and supervised.progress.of(SNAPSHOTS).sequence == 4)
    os.kill(supervised.wait_running(2), signal.SIGKILL)
    supervised.wait_running(3)
    assert supervised.heard()[5:] == [], "what is done is not asked for again"


def test_finish_is_told_to_a_successor_too(supervised: Supervised) -> None:
    supervised.behaviours = ["crashes", "crashes", "follows"]
    supervised.process.start()
    wait_until(lambda: bool(supervised.spawned))

    assert supervised.process.finish(9, PATIENCE_SECONDS)

    assert [process.returncode for process in supervised.spawned] == [3, 3, 0]


def test_divergence_is_named_for_good(supervised: Supervised, caplog: pytest.LogCaptureFixture) -> None:
    supervised.digests = {4: OTHER}
    supervised.process.start()

    wait_until(lambda: "diverged" in supervised.progress.status)

    expected = "diverged from the exchange between sequence 4000 and 4999: restart it, and run verify"
    assert supervised.progress.status == expected
    assert "the replica " + expected in caplog.text
    supervised.digests = {4: SOUND}
    assert supervised.progress.wait_shown(5, PATIENCE_SECONDS)
    assert supervised.progress.status == expected


def test_interval_that_one_side_does_not_know_is_no_divergence(supervised: Supervised) -> None:
    supervised.digests = {3: SOUND}
    supervised.process.start()

    supervised.wait_running()
    assert supervised.progress.wait_shown(5, PATIENCE_SECONDS)

    assert supervised.progress.status == OK


def test_patience_doubles_while_processes_are_given_up_at_the_same_place_and_starts_again_elsewhere() -> None:
    patience = GrowingPatience()
    seconds = [patience.of(15)]

    for sequence in (7, 7, 7, 9):
        patience.was_exhausted({"sql": sequence, "audit": 100 * len(seconds)})
        seconds.append(patience.of(15))

    assert seconds == [15, 15, 30, 60, 15]


def test_hung_process_that_hangs_again_at_the_same_place_is_given_more_time(supervised: Supervised) -> None:
    supervised.behaviours = ["hangs"]
    supervised.process.start()

    wait_until(lambda: len(supervised.spawned) >= 5)

    first, *_, last = supervised.gaps[:4]
    assert last - first > HANGS_SECONDS
