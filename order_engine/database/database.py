"""The database: Flask-SQLAlchemy's sessions for reads, and a connection for the one process that writes.

It can be built while the database is down; every use then raises ``DatabaseUnavailable``. Reads open a SQLite file
read-only, and end after ``READ_SECONDS_MAX``.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import monotonic
from typing import Any

from flask import Flask, current_app, has_app_context
from flask.ctx import AppContext
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from order_engine.database.breaker import Breaker
from order_engine.database.checkpoint import check_unused, read_checkpoint, touch_checkpoint
from order_engine.database.complaints import describe, is_refusal, is_silence, lacks_tables
from order_engine.database.database_url import (
    READ_SECONDS_MAX,
    WRITE_SECONDS_FIRST,
    parse_database_url,
    reading_options,
    sqlite_path,
    writing_options,
)
from order_engine.database.errors import DatabaseRefused, DatabaseStarting, DatabaseUnavailable
from order_engine.database.hang_guard import HangGuard
from order_engine.database.sqlite_file import SqliteFile
from order_engine.database.tables import Base, CheckpointRow
from order_engine.database.writer import (
    Writer,
    WriterLock,
    bound_statements,
    lock_path,
    lock_postgresql,
    prepare_sqlite,
)

log = logging.getLogger(__name__)

MIGRATION_SECONDS_MAX = 3_600

_STEPS_BETWEEN_DEADLINE_CHECKS = 20_000
# A faster refusal does not hold up other reads.
_SILENT_SECONDS = 0.3
# Read the tables themselves: a locked table does not answer even if the server does.
_PROBE = "SELECT EXISTS (SELECT 1 FROM orders), EXISTS (SELECT 1 FROM trades)"


class Database:
    """The database of the projection. ``app`` is the application whose requests read from it; scripts need none."""

    def __init__(self, url: str, app: Flask | None = None) -> None:
        self.url = parse_database_url(url)
        path = sqlite_path(self.url)
        self._file = None if path is None else SqliteFile(path)
        self._read_file = None if path is None else SqliteFile(path)
        self._app = Flask(__name__) if app is None else app
        self._breaker = Breaker()
        guard = HangGuard()
        self._sql = SQLAlchemy(
            self._app,
            model_class=Base,
            engine_options=reading_options(self.url, guard),
            add_models_to_shell=False,
            disable_autonaming=True,
        )
        with self._app.app_context():
            self._reading_engine: Engine = self._sql.engine
        self.engine: Engine = create_engine(**writing_options(self.url, guard))
        if path is not None:
            event.listen(self.engine, "connect", prepare_sqlite)
            event.listen(self._reading_engine, "checkout", _limit_read)

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.url.get_backend_name()

    def upgrade(self) -> None:
        """Migrate the tables to this version's schema, as the writer."""
        self.open_writer().close(self.errors)

    def open_writer(self, seconds_max: int = WRITE_SECONDS_FIRST) -> Writer:
        """Connect as the only writer and migrate; raises ``DatabaseUnavailable`` if another process is the writer.

        On PostgreSQL a statement may take ``seconds_max``, and a migration ``MIGRATION_SECONDS_MAX``.
        """
        # Here, because it imports Alembic: an exchange starts without it, and its followers migrate.
        from order_engine.database.migrations import upgrade

        with self.translated():
            writer = self._locked_writer()
            try:
                if self._file is None:
                    lock_postgresql(writer.connection)
                    bound_statements(writer.connection, MIGRATION_SECONDS_MAX)
                    upgrade(writer.connection)
                    bound_statements(writer.connection, seconds_max)
                else:
                    self._file.identity = self._file.present_identity()
                    upgrade(writer.connection)
            except BaseException:
                writer.close(self.errors)
                raise
        return writer

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give the session of the request, or of this block. Its connection returns to the pool at the end.

        Each read is a transaction of its own, so a request that waits and reads again sees new rows. While the database
        does not answer, the breaker lets only one read try now and then.
        """
        if trouble := self._breaker.trouble():
            raise DatabaseUnavailable(trouble)
        with self._session() as session:
            yield session

    @contextmanager
    def _session(self) -> Iterator[Session]:
        self._check_file()
        with self._app_context(), self._translated_reads():
            session = self._sql.session()
            try:
                yield session
            finally:
                session.close()

    def reading_connection(self) -> Connection:
        """Connect for reads outside of requests."""
        return self._reading_engine.connect()

    def require_unused(self) -> None:
        """Raise ``ForeignCheckpoint`` if the database has a checkpoint. If it is away, only log that."""
        try:
            self._check_file()
            with self.translated(), self.reading_connection() as connection:
                if inspect(connection).has_table(CheckpointRow.__tablename__):
                    check_unused(read_checkpoint(connection))
        except DatabaseStarting:
            return
        except DatabaseUnavailable as unavailable:
            log.warning("whether the database is another journal's cannot be told: %s", unavailable)

    def sync(self, connection: Connection) -> None:
        """Return once all earlier commits are on disk, so that a power cut cannot lose them.

        On both databases one synced commit also syncs the earlier commits in the write-ahead log.
        """
        with self.translated():
            if self.kind == "postgresql":
                connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
            else:
                connection.exec_driver_sql("PRAGMA synchronous=FULL")
            touch_checkpoint(connection)
            connection.commit()
            if self.kind == "sqlite":
                connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
                connection.rollback()

    def check(self) -> str:
        """Query the database; return ``ok`` or the error."""
        try:
            with self._session() as session:
                session.connection().exec_driver_sql(_PROBE)
        except DatabaseUnavailable as unavailable:
            return str(unavailable)
        return "ok"

    def close(self) -> None:
        """Close the pooled connections."""
        self._reading_engine.dispose()
        self.engine.dispose()

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """The errors that a statement may raise, from SQLAlchemy or from the driver."""
        driver_error: type[Exception] = self.engine.dialect.loaded_dbapi.Error
        return (SQLAlchemyError, driver_error)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn errors of SQLAlchemy, driver and file system into ``DatabaseUnavailable`` or ``DatabaseRefused``."""
        try:
            yield
        except OSError as error:
            raise DatabaseUnavailable(f"{self.kind}: {error}") from error
        except self.errors as error:
            raise self.unavailable(error) from error

    def _locked_writer(self) -> Writer:
        file = self._file
        if file is None:
            return Writer(self.engine, None, None)
        file.path.parent.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(lock_path(file))
        try:
            # A pooled connection may belong to a file that was replaced.
            self.engine.dispose()
            file.remove_leftovers()
            file.make_private()
            return Writer(self.engine, lock, file)
        except BaseException:
            lock.close()
            raise

    def _check_file(self) -> None:
        file = self._read_file
        if file is None:
            return
        with self.translated():
            present = file.present_identity()
        if present is None:
            raise DatabaseStarting(f"sqlite: there is no file {file.path} yet")
        if present != file.identity:
            self._reading_engine.dispose()
            file.identity = present

    @contextmanager
    def _translated_reads(self) -> Iterator[None]:
        began = monotonic()
        try:
            yield
        except (DBAPIError, PoolTimeout) as error:
            cause = getattr(error, "orig", None) or error
            text = f"{self.kind}: {self.describe(error)}"
            if lacks_tables(cause):
                raise DatabaseStarting(text) from error
            if is_silence(cause) and monotonic() - began > _SILENT_SECONDS:
                self._breaker.failed(text)
            raise self.unavailable(error) from error
        self._breaker.succeeded()

    def unavailable(self, error: BaseException) -> DatabaseUnavailable:
        """Return the error to raise for one of SQLAlchemy or the driver."""
        if is_refusal(getattr(error, "orig", None) or error):
            return DatabaseRefused(f"{self.kind} refuses: {self.describe(error)}")
        return DatabaseUnavailable(f"{self.kind}: {self.describe(error)}")

    def describe(self, error: BaseException) -> str:
        """Return the error in one line, without statement, parameters and password."""
        return describe(getattr(error, "orig", None) or error, self.url.password)

    def _app_context(self) -> AbstractContextManager[AppContext | None]:
        if has_app_context() and current_app._get_current_object() is self._app:  # type: ignore[attr-defined] # a proxy
            return nullcontext()
        return self._app.app_context()


def _limit_read(connection: sqlite3.Connection, _record: Any, _proxy: Any) -> None:  # Any: the pool's own
    connection.set_progress_handler(_deadline(), _STEPS_BETWEEN_DEADLINE_CHECKS)


def _deadline() -> Callable[[], int]:
    end = monotonic() + READ_SECONDS_MAX
    return lambda: monotonic() > end
