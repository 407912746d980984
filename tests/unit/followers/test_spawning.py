"""A followers' process is not stopped by the signals that a terminal sends to all processes of a server."""

import os
import signal
import socket
from pathlib import Path

import pytest

from order_engine.bootstrap import following
from order_engine.bootstrap.child import SIGNALS_OF_THE_GROUP
from order_engine.bootstrap.following import run_follower, spawn_follower
from order_engine.followers.follower import Follower
from order_engine.journal.watermark import WATERMARK_NAME, SharedWatermark
from order_engine.settings import Settings
from tests.unit.exchange.exchanges import JOURNAL_ID, PATIENCE_SECONDS


def test_signals_of_the_group_do_not_end_a_process_that_still_imports(tmp_path: Path) -> None:
    SharedWatermark.create(tmp_path / WATERMARK_NAME, 0)
    blocked_here = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = spawn_follower(Settings.from_environment({"DATA_DIR": str(tmp_path)}), JOURNAL_ID, 0, theirs.fileno())
        for number in SIGNALS_OF_THE_GROUP:
            os.kill(process.pid, number)

    _, written = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 0, "it ends because the exchange is gone"
    assert b"Traceback" not in written
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == blocked_here


def test_books_of_a_former_replica_are_freed_before_another_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed: list[int] = []

    def load_twice(follower: Follower, _: int) -> None:
        replica = follower._make_replica(0)
        replica.rewind(0)

    monkeypatch.setattr(following, "collect_what_was_kept", lambda: freed.append(1))
    monkeypatch.setattr(following, "follow", load_twice)
    SharedWatermark.create(tmp_path / WATERMARK_NAME, 0)

    run_follower(Settings.from_environment({"DATA_DIR": str(tmp_path)}), 0, JOURNAL_ID, 0)

    assert freed == [1, 1]
