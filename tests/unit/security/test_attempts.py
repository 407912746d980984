"""The security log: every attempt counts, equal ones share lines, and the files have a bound."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from order_engine.security import attempts
from order_engine.security.attempts import ACCEPTED, PERIOD_SECONDS, WRONG_KEY, Attempts
from order_engine.security.security_log import SecurityLog

ALICE = (ACCEPTED, "alice-1", "192.0.2.1")
STRANGER = (WRONG_KEY, None, "192.0.2.2")


class HandClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def log(tmp_path: Path) -> SecurityLog:
    return SecurityLog(tmp_path, lambda: 0)


@pytest.fixture
def counted(log: SecurityLog, clock: HandClock) -> Attempts:
    return Attempts(log, clock)


def lines(log: SecurityLog) -> list[dict[str, Any]]:
    text = log.path.read_text(encoding="utf-8") if log.path.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def test_first_attempt_is_written_at_once_and_those_that_follow_within_the_minute_together(
    counted: Attempts, log: SecurityLog, clock: HandClock
) -> None:
    for _ in range(5):
        for _ in range(3):
            counted.note(*ALICE)
        counted.note(*STRANGER)
        counted.step()
    before = [(line["event"], line["count"]) for line in lines(log)]
    clock.now += PERIOD_SECONDS
    counted.step()

    assert before == [("accepted", 3), ("refused", 1)]
    assert [(line["event"], line["count"]) for line in lines(log)[2:]] == [("accepted", 12), ("refused", 4)]
    assert lines(log)[-1] == {
        "at": "1970-01-01T00:00:00.000000Z",
        "event": "refused",
        "reason": "wrong_key",
        "key": None,
        "address": "192.0.2.2",
        "count": 4,
    }


def test_next_minute_begins_with_lines_at_once(counted: Attempts, log: SecurityLog, clock: HandClock) -> None:
    counted.note(*ALICE)
    counted.step()
    clock.now += PERIOD_SECONDS
    counted.step()
    counted.note(*ALICE)
    counted.step()

    assert [line["count"] for line in lines(log)] == [1, 1]


def test_what_cannot_be_written_is_written_later(counted: Attempts, log: SecurityLog) -> None:
    log.path.mkdir()
    counted.note(*ALICE)
    with pytest.raises(OSError, match=r"security\.log"):
        counted.step()
    log.path.rmdir()
    counted.step()

    assert [line["key"] for line in lines(log)] == ["alice-1"]


def test_finish_writes_what_is_left(counted: Attempts, log: SecurityLog) -> None:
    counted.note(*ALICE)
    counted.step()
    counted.note(*ALICE)
    counted.finish()

    assert [line["count"] for line in lines(log)] == [1, 1]


def test_more_kinds_than_are_kept_are_counted_together(
    counted: Attempts, log: SecurityLog, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "KINDS_MAX", 2)
    for number in range(5):
        counted.note(WRONG_KEY, None, f"192.0.2.{number}")
    counted.step()
    clock.now += PERIOD_SECONDS
    counted.step()

    assert [line.get("address", line["event"]) for line in lines(log)] == [
        "192.0.2.0",
        "192.0.2.1",
        "attempts_of_others",
    ]
    assert lines(log)[-1]["count"] == 3


def test_log_is_private_and_full_files_are_moved_aside(tmp_path: Path, clock: HandClock) -> None:
    log = SecurityLog(tmp_path, lambda: 0, bytes_max=200)
    counted = Attempts(log, clock)
    for number in range(40):
        counted.note(WRONG_KEY, None, f"192.0.2.{number}")
        counted.step()

    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["security.log", "security.log.1", "security.log.2", "security.log.3"]
    assert all(stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600 for name in names)
    assert all((tmp_path / name).stat().st_size < 400 for name in names)
    assert lines(log)[-1]["address"] == "192.0.2.39"


def test_link_in_place_of_the_log_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept", encoding="utf-8")
    (tmp_path / "security.log").symlink_to(target)

    with pytest.raises(OSError, match=r"security\.log"):
        SecurityLog(tmp_path, lambda: 0).note("start")

    assert target.read_text(encoding="utf-8") == "kept"
