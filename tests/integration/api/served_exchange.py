"""A real exchange, journal and database in a directory of their own, served to a test client."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from order_engine.bootstrap.venue import Venue
from order_engine.exchange.clock import Clock
from order_engine.exchange.exchange import Exchange
from order_engine.followers.progress import Progress
from order_engine.journal.disk import Disk
from order_engine.matching.commands import Configure
from order_engine.settings import Settings

PATIENCE_SECONDS = 30.0


class ReadingItsWrites(FlaskClient):
    """A client that sees its own writes: it sends the last ``X-Sequence`` as ``X-Min-Sequence``."""

    last_sequence: str | None = None

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:  # Any: Flask's own
        """Send a request."""
        headers = dict(kwargs.pop("headers", None) or {})
        method = kwargs.get("method", "GET")
        headers.setdefault("X-Requested-With", "tests")
        if method == "GET" and self.last_sequence is not None:
            headers.setdefault("X-Min-Sequence", self.last_sequence)
        response = super().open(*args, headers=headers, **kwargs)
        self.last_sequence = response.headers.get("X-Sequence", self.last_sequence)
        return response


class Served(NamedTuple):
    """The exchange and the application that serves it."""

    app: Flask
    exchange: Exchange
    progress: Progress
    venue: Venue

    @property
    def client(self) -> FlaskClient:
        """A new client of the application, which sees everything so far."""
        client = self.app.test_client()
        assert isinstance(client, ReadingItsWrites)
        client.last_sequence = str(self.exchange.visible_sequence)
        return client


@contextmanager
def served_exchange(
    directory: Path,
    *,
    api_key: str | None = None,
    settings: Configure | None = None,
    disk: Disk | None = None,
    open_it: bool = True,
    lag_max: int = 0,
    clock: Clock | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Served]:
    """Serve an exchange; ``open_it=False`` leaves it starting."""
    wanted = Settings.from_environment(
        {"DATA_DIR": str(directory), "SNAPSHOT_INTERVAL_SEC": "0", **(environment or {})}
    )
    wanted = wanted._replace(api_key=api_key, max_projection_lag=lag_max)
    if settings is not None:
        wanted = wanted._replace(
            default_tick_size=settings.default_tick_size_e8,
            default_lot_size=settings.default_lot_size_e8,
            auto_list=settings.auto_list,
            max_instruments=settings.max_instruments,
            self_trade_prevention=settings.self_trade_prevention,
        )
    venue = Venue(wanted, disk=disk, clock=clock, follows_in_thread=True)
    venue.app.testing = True
    venue.app.test_client_class = ReadingItsWrites
    if open_it:
        venue.start()
        assert venue.wait_started(PATIENCE_SECONDS), str(venue.exchange.fault)
        assert venue.progress.wait_for(lambda: venue.progress.reads_open, PATIENCE_SECONDS), venue.progress.status
    try:
        yield Served(venue.app, venue.exchange, venue.progress, venue)
    finally:
        # The followers write the rest at the next start.
        venue.close(grace_seconds=0)
