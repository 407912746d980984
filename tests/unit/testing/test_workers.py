"""Runs of pytest with two workers: figures are added up, claims are checked, and an exclusive test runs alone."""

import shutil
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.turns import turn

ROOT = Path(__file__).resolve().parents[3]
COUNTING = """
import pytest

@pytest.mark.parametrize("number", range(12))
def test_counts(number, figures_of, claim):
    figures_of("things").update(done=number)
    claim("things", {"done": CLAIMED})
"""
SHARING = """
import os
import pytest

@pytest.fixture(scope="module")
def worker():
    return os.environ["PYTEST_XDIST_WORKER"]

@pytest.mark.parametrize("number", range(12))
def test_shares(number, worker, figures_of):
    figures_of("workers").update([worker])
"""


def run(directory: Path, text: str, *options: str) -> tuple[int, str]:
    directory.joinpath("conftest.py").write_text('pytest_plugins = ("tests.figures", "tests.turns")\n')
    directory.joinpath("test_it.py").write_text(text)
    shutil.copy(ROOT / "pyproject.toml", directory)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", f"--rootdir={directory}", *options, "."]
    environment = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    finished = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return finished.returncode, finished.stdout


@pytest.mark.parametrize("options", [(), ("-n", "2", "--dist", "loadscope")], ids=["one process", "two workers"])
@pytest.mark.parametrize(("claimed", "code"), [(66, 0), (67, 1)])
def test_figures_are_added_up_and_claims_judged(
    tmp_path: Path, options: tuple[str, ...], claimed: int, code: int
) -> None:
    returned, said = run(tmp_path, COUNTING.replace("CLAIMED", str(claimed)), *options)

    assert returned == code, said
    assert "       66  done\n" in said
    assert ("things: 66 done, at least 67 are claimed" in said) == (code == 1)


def test_tests_that_share_a_modules_fixture_run_in_one_worker(tmp_path: Path) -> None:
    returned, said = run(tmp_path, SHARING, "-n", "2", "--dist", "loadscope")

    assert returned == 0, said
    assert "       12  gw" in said


def test_turn_alone_waits_for_others_and_keeps_them_out(tmp_path: Path) -> None:
    entered: list[str] = []
    alone_may_end, is_alone = Event(), Event()

    def run_alone() -> None:
        with turn(tmp_path, alone=True):
            entered.append("alone")
            is_alone.set()
            alone_may_end.wait(30)
            entered.append("alone ends")

    def run_beside() -> None:
        with turn(tmp_path, alone=False):
            entered.append("another")

    with turn(tmp_path, alone=False), turn(tmp_path, alone=False):
        first = Thread(target=run_alone)
        first.start()
        assert not is_alone.wait(0.1)
    assert is_alone.wait(30)
    second = Thread(target=run_beside)
    second.start()
    second.join(0.1)
    alone_may_end.set()
    first.join(30)
    second.join(30)

    assert entered == ["alone", "alone ends", "another"]
