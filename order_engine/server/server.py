"""Gunicorn, configured for this service.

There is one worker process, because one process owns the journal. It keeps to one core, because threads that share the
interpreter's lock across two cores lose a third of their speed.
"""

import atexit
import gc
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from flask import Flask
from gunicorn.app.base import BaseApplication

from order_engine.bootstrap.venue import Venue
from order_engine.database.errors import PersistenceError
from order_engine.journal.errors import JournalLocked
from order_engine.security.key_file import KeyFileDamaged
from order_engine.server.processors import allowed_processors, choose_processor, keep_to
from order_engine.server.served_venue import ServedVenue
from order_engine.server.worker import ignore_signals
from order_engine.settings import SettingInvalid, Settings

# Requests leave few reference cycles. Collecting every 700 objects, the default, costs a tenth of the throughput.
# A collection visits every order that has come to rest since the last one, in 1 to 2 us each. It stops all requests, so
# the first two numbers bound it to 6,000 objects. A full collection of a million orders takes a second; it is rare.
GARBAGE_THRESHOLDS = (2_000, 1, 4_000)
LOAD_ERROR = 4  # gunicorn's own exit code for it: the master stops instead of starting the worker again
GRACE_SECONDS = 30
OTHER_FILES = 256  # beside connections: journal, database, snapshots, listener
FILES_MIN = OTHER_FILES + 16


class Server(BaseApplication):  # type: ignore[misc] # gunicorn ships no types
    """Gunicorn with the application in it, configured by ``Settings`` and nothing else."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Before gunicorn handles errors its own way.
        self._processor = choose_processor(settings.exchange_cpu, allowed_processors(), settings.port)
        self._connections_max = _allow_connections(settings.max_connections)
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to run; called by it."""
        host, port = self._settings.host, self._settings.port
        options = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": 1,
            "worker_class": "order_engine.server.worker.LoopWorker",
            "worker_connections": self._connections_max,
            # A start, an auction or a recovery may take long.
            "timeout": 0,
            "keepalive": self._settings.client_timeout_sec,
            "graceful_timeout": GRACE_SECONDS,
            "control_socket_disable": True,
            "loglevel": self._settings.log_level.lower(),
            "when_ready": take_signals,
            "pre_fork": lambda _arbiter, _worker: freeze_shared_memory(),
            "post_fork": lambda _arbiter, _worker: keep_to(self._processor),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> ServedVenue:
        """Build the venue in the worker; called by gunicorn."""
        return start(self._settings, lambda: os._exit(LOAD_ERROR), serves_feeds=True)


def freeze_shared_memory() -> None:
    """Let the collector pass over what exists, before the worker is forked: a page that either visits is copied."""
    gc.collect()
    gc.freeze()


def take_signals(arbiter: Any) -> None:  # Any: gunicorn has no types
    """Stop in good order on SIGHUP too, and ignore the signals by which gunicorn changes its workers."""
    signal.signal(signal.SIGHUP, lambda _, frame: arbiter.signal(signal.SIGTERM, frame))
    ignore_signals()


def _allow_connections(wanted: int) -> int:
    """Return how many connections the limit of open files leaves room for; raises ``SettingInvalid``."""
    files = _allow_files(wanted + OTHER_FILES)
    if files < min(FILES_MIN, wanted + OTHER_FILES):
        raise SettingInvalid(f"ulimit -n: found {files}, expected at least {FILES_MIN} open files")
    return max(1, files - OTHER_FILES)


def _allow_files(wanted: int) -> int:
    """Raise the limit of open files as far as wanted and allowed; return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed


def wsgi_app() -> Flask:
    """Build the application for any WSGI server, from the environment."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingInvalid as error:
        _give_up(error)
    return start(settings, lambda: None).app


def start(
    settings: Settings,
    on_start_failure: Callable[[], Any],  # Any: nobody looks at it
    *,
    serves_feeds: bool = False,
) -> Venue:
    """Build the exchange and begin its recovery; it is closed in good order when the process exits."""
    try:
        venue = Venue(settings, on_start_failure=on_start_failure, serves_feeds=serves_feeds)
    except (JournalLocked, KeyFileDamaged, PersistenceError, OSError) as error:
        _give_up(error)
    atexit.register(venue.close, GRACE_SECONDS)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    venue.start()
    return venue


def _give_up(error: Exception) -> NoReturn:
    print(error, file=sys.stderr, flush=True)  # noqa: T201 -- the operator reads this
    sys.exit(LOAD_ERROR)
