"""A dump in a child: it saves the state, reports its error, and is killed if it hangs."""

import os
import signal
from pathlib import Path

from order_engine.followers.forked_dump import NICENESS, ForkedDump
from order_engine.followers.progress import OK
from tests.unit.exchange.exchanges import wait_until


def outcome_of(dump: ForkedDump) -> str:
    outcomes: list[str | None] = []

    def has_ended() -> bool:
        outcomes.append(dump.outcome())
        return outcomes[-1] is not None

    wait_until(has_ended)
    assert outcomes[-1] is not None
    return outcomes[-1]


def hang() -> None:
    signal.pause()


def test_child_saves_and_the_parent_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "saved"

    assert outcome_of(ForkedDump(lambda: path.write_text(str(os.getpid())))) == OK

    assert int(path.read_text()) != os.getpid()


def test_child_is_prepared_before_it_saves(tmp_path: Path) -> None:
    path = tmp_path / "steps"

    def note(step: str) -> None:
        with path.open("a") as file:
            file.write(step)

    assert outcome_of(ForkedDump(lambda: note("saved"), lambda: note("prepared "))) == OK
    assert path.read_text() == "prepared saved"


def test_child_has_a_lower_priority_than_the_parent(tmp_path: Path) -> None:
    path = tmp_path / "nice"

    assert outcome_of(ForkedDump(lambda: path.write_text(str(os.nice(0))))) == OK

    assert int(path.read_text()) == min(19, os.nice(0) + NICENESS)


def test_failure_is_told_and_nothing_of_the_parent_runs_on_in_the_child() -> None:
    def fail() -> None:
        raise OSError("no space left")

    assert outcome_of(ForkedDump(fail)) == "OSError: no space left"
    assert outcome_of(ForkedDump(lambda: None, fail)) == "OSError: no space left"


def test_long_text_of_a_failure_is_cut() -> None:
    def fail() -> None:
        raise OSError("x" * 100_000)

    assert outcome_of(ForkedDump(fail)).startswith("OSError: xxx")


def test_killed_child_is_told() -> None:
    assert "ended with 9" in outcome_of(ForkedDump(lambda: os.kill(os.getpid(), signal.SIGKILL)))


def test_child_that_hangs_is_killed_in_the_end() -> None:
    assert outcome_of(ForkedDump(hang, patience_seconds=0.05)) == "it took too long"
    assert_no_child_is_left()


def test_abandoned_child_is_killed() -> None:
    dump = ForkedDump(hang)
    assert dump.outcome() is None

    dump.abandon()
    dump.abandon()

    assert_no_child_is_left()


def test_no_descriptor_is_left() -> None:
    before = len(os.listdir("/proc/self/fd"))

    outcome_of(ForkedDump(lambda: None))
    ForkedDump(hang).abandon()

    assert len(os.listdir("/proc/self/fd")) == before


def assert_no_child_is_left() -> None:
    try:
        found, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return
    assert found == 0, "a child was not reaped"
