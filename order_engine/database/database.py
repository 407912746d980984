"""The database: one engine, Flask-SQLAlchemy's sessions for reads, and migrations before anything else.

It can be built while the database is down; whoever then asks for something gets ``DatabaseUnavailable``.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask, current_app, has_app_context
from flask.ctx import AppContext
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from order_engine.database.checkpoint import check_unused, read_checkpoint, touch_checkpoint
from order_engine.database.database_url import SQLITE_DRIVER, engine_options, parse_database_url
from order_engine.database.errors import DatabaseRefused, DatabaseUnavailable, DatabaseUrlInvalid
from order_engine.database.migrations import upgrade
from order_engine.database.tables import Base, CheckpointRow

log = logging.getLogger(__name__)

_SWITCH_ATTEMPTS = 20


class Database:
    """Where the projection lives. ``app`` is the application whose requests read from it; scripts need none."""

    def __init__(self, url: str, app: Flask | None = None) -> None:
        self.url = parse_database_url(url)
        if self.url.drivername == SQLITE_DRIVER:
            _make_room_for(self.url.database)
        self._app = Flask(__name__) if app is None else app
        self._sql = SQLAlchemy(
            self._app,
            model_class=Base,
            engine_options=engine_options(self.url),
            add_models_to_shell=False,
            disable_autonaming=True,
        )
        with self._app.app_context():
            self.engine: Engine = self._sql.engine
        if self.url.drivername == SQLITE_DRIVER:
            event.listen(self.engine, "connect", _prepare_sqlite)
        self._upgrade_lock = Lock()
        self._upgraded = False

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.url.get_backend_name()

    def upgrade(self) -> None:
        """Bring the tables to the form that this version needs; once done, this costs nothing."""
        with self._upgrade_lock:
            if not self._upgraded:
                with self._translated():
                    upgrade(self.engine)
                self._upgraded = True

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Lend the session of the request, or of the caller's block; its connection goes back at the end.

        Each read is a transaction of its own, so that a request which waits and reads again sees what is new.
        """
        with self._app_context(), self._translated():
            session = self._sql.session()
            try:
                yield session
            finally:
                session.close()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Lend a session as ``reading`` does, and commit at the end unless something was raised."""
        with self.reading() as session, session.begin():
            yield session

    def require_unused(self) -> None:
        """Raise ``ForeignCheckpoint`` if a journal was projected into the database, as far as it can be asked."""
        try:
            with self._translated(), self.engine.connect() as connection:
                if inspect(connection).has_table(CheckpointRow.__tablename__):
                    check_unused(read_checkpoint(connection))
        except DatabaseUnavailable as unavailable:
            log.warning("whether the database is another journal's cannot be told: %s", unavailable)

    def harden(self) -> None:
        """Return once all that was committed before is on disk: a power cut can take none of it back then.

        Whoever syncs its own commit syncs those before it in the write-ahead log, of SQLite and PostgreSQL alike.
        """
        with self._translated(), self.engine.connect() as connection:
            if self.kind == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            else:
                connection.exec_driver_sql("PRAGMA synchronous=FULL")
            touch_checkpoint(connection)
            connection.commit()
            if self.kind == "sqlite":
                connection.exec_driver_sql("PRAGMA synchronous=NORMAL")

    def check(self) -> str:
        """Ask the database for an answer: ``ok``, or why there is none."""
        try:
            with self._translated(), self.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except DatabaseUnavailable as unavailable:
            return str(unavailable)
        return "ok"

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    def unavailable(self, error: BaseException) -> DatabaseUnavailable:
        """Return what to raise for an error of the database: it refuses, or it cannot be asked now."""
        driver = self.engine.dialect.loaded_dbapi
        refusals = (driver.IntegrityError, driver.ProgrammingError, driver.DataError)
        if isinstance(getattr(error, "orig", None) or error, refusals):
            return DatabaseRefused(f"{self.kind} refuses: {self.describe(error)}")
        return DatabaseUnavailable(f"{self.kind}: {self.describe(error)}")

    def describe(self, error: BaseException) -> str:
        """Say in one line what the database complained about, without statement, parameters and password."""
        cause = getattr(error, "orig", None) or error
        # SQLAlchemy's own text goes on with the statement; a driver's first line is the complaint.
        line = str(cause).strip().partition("\n")[0]
        password = self.url.password
        if password:
            line = line.replace(str(password), "***")
        name = type(cause).__name__
        return f"{name}: {line}" if line else name

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            raise self.unavailable(error) from error

    def _app_context(self) -> AbstractContextManager[AppContext | None]:
        if has_app_context() and current_app._get_current_object() is self._app:  # type: ignore[attr-defined] # a proxy
            return nullcontext()
        return self._app.app_context()


def database_errors(engine: Engine) -> tuple[type[Exception], ...]:
    """Return what a statement may raise that goes through SQLAlchemy or straight to the driver."""
    driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
    return (SQLAlchemyError, driver_error)


def _make_room_for(path: str | None) -> None:
    assert path is not None
    directory = Path(path).parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUrlInvalid(f"DATABASE_URL: cannot make the directory {directory}: {error.strerror}") from error


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # Any: the pool's own record
    # With the write-ahead log readers and the projector do not wait for each other. NORMAL may lose the last
    # commits when the power fails, never the consistency: the checkpoint is lost with the rows, the journal has both.
    # Before the journal lets go of anything, the database is hardened.
    with closing(connection.cursor()) as cursor:
        cursor.execute("PRAGMA busy_timeout=15000")
        _switch_to_write_ahead_log(cursor)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "wal_autocheckpoint=4000"):
            cursor.execute(f"PRAGMA {pragma}")


def _switch_to_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    for _ in range(_SWITCH_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            # Another connection is switching a new file just now, for which SQLite does not wait; for a write it does.
            cursor.execute("BEGIN IMMEDIATE")
            cursor.execute("COMMIT")
    cursor.execute("PRAGMA journal_mode=WAL")
