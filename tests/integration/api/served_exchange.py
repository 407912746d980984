"""A real exchange, journal and database in a directory of their own, served to a test client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from flask.testing import FlaskClient

from order_engine.api.application import Backstage, install_api
from order_engine.api.plumbing.tick_sizes import TickSizes
from order_engine.database.database import Database
from order_engine.exchange.clock import Clock, SystemClock
from order_engine.exchange.event_bus import EventBus
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.snapshots import Snapshot, SnapshotCopy
from order_engine.exchange.snapshotter import Snapshotter
from order_engine.followers.sql.projector import ProjectionPace, Projector
from order_engine.journal.disk import Disk, LocalDisk
from order_engine.journal.writer import JournalWriter
from order_engine.matching.commands import Configure
from order_engine.matching.engine import RULES_VERSION
from order_engine.queries.queries import Queries
from order_engine.ui.page import create_page_blueprint

JOURNAL_ID = "0" * 32


class Served(NamedTuple):
    """The exchange and the application that serves it."""

    app: Flask
    exchange: Exchange
    projector: Projector
    database: Database

    @property
    def client(self) -> FlaskClient:
        """A new client of the application."""
        return self.app.test_client()


@contextmanager
def served_exchange(
    directory: Path,
    *,
    api_key: str | None = None,
    settings: Configure | None = None,
    disk: Disk | None = None,
    open_it: bool = True,
    wait_seconds: float = 5.0,
    lag_max: int = 1_000_000,
    clock: Clock | None = None,
) -> Iterator[Served]:
    """Serve an exchange; ``open_it=False`` leaves it starting."""
    app = Flask("order_engine", static_folder=None)
    app.testing = True
    database = Database(f"sqlite:///{directory / 'exchange.db'}", app)
    disk, clock = disk or LocalDisk(), clock or SystemClock()
    recovery = Recovery(directory, disk)
    projector = Projector(database, recovery.history, lambda fault: exchange.halt(fault), _EAGER)
    exchange = Exchange(clock, projector, lag_max=lag_max)
    tick_sizes = TickSizes(exchange)
    snapshotter = Snapshotter(exchange, recovery.advance_snapshot, _NoCopies(), interval=0)
    backstage = Backstage(
        exchange=exchange,
        queries=Queries(database),
        wait_projected=projector.wait_projected,
        take_snapshot=snapshotter.take,
        clock=clock,
        tick_sizes=tick_sizes,
        health_parts={"database": lambda: projector.status},
        recovery_progress=lambda: recovery.progress._asdict(),
        wait_seconds=wait_seconds,
    )
    install_api(app, backstage, api_key)
    app.register_blueprint(create_page_blueprint())
    if open_it:
        _open(exchange, recovery, disk, projector, tick_sizes, settings or Configure())
    try:
        yield Served(app, exchange, projector, database)
    finally:
        exchange.close()
        projector.close()
        database.close()


class _NoCopies:
    """Keeps no copies of snapshots."""

    def save(self, snapshot: Snapshot) -> None:
        """Keep nothing."""

    def newest_first(self, journal_id: str, sequence_max: int | None = None) -> Iterator[SnapshotCopy]:
        """Have nothing."""
        return iter(())


_EAGER = ProjectionPace(pause_seconds=0.001)


def _open(
    exchange: Exchange,
    recovery: Recovery,
    disk: Disk,
    projector: Projector,
    tick_sizes: TickSizes,
    settings: Configure,
) -> None:
    recovered = recovery.latest()
    journal = JournalWriter(
        recovery.journal_directory,
        disk,
        end=recovered.end,
        journal_id=recovery.journal_id() or JOURNAL_ID,
        rules_version=RULES_VERSION,
        clock=SystemClock().now_ns,
    )
    projector.start(journal.journal_id, recovered.end.last_sequence)
    bus = EventBus(journal, [tick_sizes, projector], exchange.halt)
    exchange.open(recovered.state, journal, bus, settings)
