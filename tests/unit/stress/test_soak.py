"""The soak's verdict: what grows beyond its bound is named, what is only large is not."""

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE

import pytest

from stress.gauges import (
    Sample,
    checkpoint_of,
    family_of,
    files_of,
    last_entry_of,
    memory_of,
    processor_seconds_of,
    size_of,
    threads_of,
)
from stress.soak import LAG_MAX, MIB, judged

STEADY = Sample(
    second=0,
    sequence=1_000,
    memory=150 * MIB,
    journal=5 * MIB,
    archive=100 * MIB,
    audit=90 * MIB,
    database=80 * MIB,
    snapshots=MIB,
    database_lag=100,
    audit_lag=300,
)
AT_REST = replace(STEADY, database_lag=0, audit_lag=0)


def grown(name: str, step: int) -> list[Sample]:
    samples = [replace(STEADY, second=second, **{name: getattr(STEADY, name) + second * step}) for second in range(60)]
    return [*samples, AT_REST]


def test_steady_server_breaks_nothing() -> None:
    assert judged([*[STEADY] * 60, AT_REST]) == []


@pytest.mark.parametrize("name", ["archive", "audit", "database"])
def test_history_may_grow(name: str) -> None:
    assert judged(grown(name, 10 * MIB)) == []


@pytest.mark.parametrize("name", ["memory", "journal", "snapshots"])
def test_growth_of_what_keeps_no_history_is_named(name: str) -> None:
    (broken,) = judged(grown(name, 2 * MIB))

    assert broken.startswith(f"{name} grew from ")


def test_projection_that_is_too_far_behind_is_named() -> None:
    samples = [STEADY, replace(STEADY, second=7, database_lag=LAG_MAX + 1), STEADY, AT_REST]

    assert judged(samples) == [f"the database is {LAG_MAX + 1} commands behind after 7 s"]


def test_projection_that_does_not_catch_up_is_named() -> None:
    assert judged([STEADY, replace(AT_REST, audit_lag=3)]) == ["the audit log is 3 commands behind at the end"]


def test_gauges_read_this_process_and_its_files(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 100)

    assert memory_of(os.getpid()) > MIB
    assert size_of(tmp_path) == 100
    assert size_of(tmp_path / "none") == 0
    assert last_entry_of(tmp_path) == 0
    assert checkpoint_of(tmp_path / "exchange.db") == 0


def test_followers_count_as_the_servers_own_and_other_programs_do_not() -> None:
    python = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", "order_engine"]
    with (
        subprocess.Popen([*python, "follow", "x"], stdin=PIPE, stdout=PIPE) as follower,
        subprocess.Popen([*python, "snapshot"], stdin=PIPE, stdout=PIPE) as other,
    ):
        for child in (follower, other):
            # Before its first line it may still be a copy of this process, or have no memory yet.
            assert child.stdout is not None
            assert child.stdout.readline() == b"\n"
        family = family_of(os.getpid())

        assert family[0] == os.getpid()
        assert follower.pid in family
        assert other.pid not in family
        assert threads_of(os.getpid()) >= 2
        assert memory_of(os.getpid()) > memory_of(follower.pid) > MIB
        assert files_of(os.getpid()) > files_of(follower.pid) > 0
        assert processor_seconds_of(os.getpid()) >= processor_seconds_of(follower.pid)
        follower.communicate()
        other.communicate()


def test_database_that_is_just_being_made_has_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    sqlite3.connect(path).close()
    path.touch()

    assert checkpoint_of(path) == 0


def test_torn_audit_line_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / f"{1:020d}.audit").write_bytes(b'{"audit":1}\n{"sequence":1,"x":"y"}\n{"sequence":2')

    assert last_entry_of(tmp_path) == 1
