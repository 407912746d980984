"""Starts the processes that follow the exchange: each is another command of this program."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from order_engine.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
SIGNALS_OF_THE_GROUP = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}


def start_child(
    settings: Settings, words: Sequence[str], descriptor: int, *, stderr: int | None = None
) -> "subprocess.Popen[bytes]":
    """Start a command of this program. It inherits the descriptor, and no lock.

    The signals that stop a whole process group are blocked in it from its first instruction on, because the exchange
    says when to end.
    """
    places = {
        "DATA_DIR": str(settings.data_dir.absolute()),
        "ARCHIVE_DIR": str(settings.archive_dir.absolute()),
        "DATABASE_URL": settings.database_url,
    }
    command = [sys.executable, "-m", "order_engine", *words]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS_OF_THE_GROUP)
    try:
        return subprocess.Popen(command, cwd=PROJECT, env=os.environ | places, pass_fds=[descriptor], stderr=stderr)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
