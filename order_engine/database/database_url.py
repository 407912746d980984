"""Turns ``DATABASE_URL`` into a URL and the engine options of the readers and the writer."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from order_engine.database.errors import DatabaseUrlInvalid
from order_engine.database.hang_guard import HangGuard, guarded

POSTGRESQL_DRIVER = "postgresql+psycopg2"
SQLITE_DRIVER = "sqlite+pysqlite"
READ_SECONDS_MAX = 2
WRITE_SECONDS_FIRST = 5
LOCK_SECONDS_MAX = 1
READ_LOCK_MILLISECONDS_MAX = 500
# Give the server time to end a statement by itself before the connection is cut.
CUT_AFTER_SECONDS = 0.5

_DRIVERS = {
    "postgres": POSTGRESQL_DRIVER,
    "postgresql": POSTGRESQL_DRIVER,
    POSTGRESQL_DRIVER: POSTGRESQL_DRIVER,
    "sqlite": SQLITE_DRIVER,
    SQLITE_DRIVER: SQLITE_DRIVER,
}

# Any in this module: SQLAlchemy's and the drivers' keywords.


def parse_database_url(text: str) -> URL:
    """Parse a URL. ``postgres://`` is accepted; a relative SQLite path is resolved from the working directory."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseUrlInvalid("DATABASE_URL: expected sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise DatabaseUrlInvalid(f"DATABASE_URL: expected sqlite or postgresql, found {url.drivername}")
    url = url.set(drivername=driver)
    return _absolute(url) if driver == SQLITE_DRIVER else url


def sqlite_path(url: URL) -> Path | None:
    """Return the file of a SQLite database, or None for PostgreSQL."""
    return Path(url.database or "") if url.drivername == SQLITE_DRIVER else None


def reading_options(url: URL, guard: HangGuard) -> dict[str, Any]:
    """Return the keywords of an engine that only reads, no longer than ``READ_SECONDS_MAX`` at a time."""
    options: dict[str, Any] = {"url": url, "pool_size": 16, "max_overflow": 64, "pool_timeout": READ_SECONDS_MAX}
    if (path := sqlite_path(url)) is not None:
        return options | {"hide_parameters": True, "creator": read_only_creator(path)}
    settings = f"-c statement_timeout={READ_SECONDS_MAX}s -c lock_timeout={READ_LOCK_MILLISECONDS_MAX}ms"
    settings += " -c default_transaction_read_only=on"
    connect = _postgresql_arguments(url, settings, READ_SECONDS_MAX, guard)
    return options | {"hide_parameters": True, "max_overflow": 16, "pool_pre_ping": True, "connect_args": connect}


def writing_options(url: URL, guard: HangGuard) -> dict[str, Any]:
    """Return the keywords of the engine that writes."""
    options: dict[str, Any] = {"url": url, "hide_parameters": True, "pool_size": 1}
    if url.drivername == SQLITE_DRIVER:
        return options | {"connect_args": {"timeout": LOCK_SECONDS_MAX, "check_same_thread": False}}
    settings = f"-c statement_timeout={WRITE_SECONDS_FIRST}s -c lock_timeout={LOCK_SECONDS_MAX}s"
    connect = _postgresql_arguments(url, settings, WRITE_SECONDS_FIRST, guard)
    return options | {"pool_pre_ping": True, "connect_args": connect}


def read_only_creator(path: Path) -> Callable[[], sqlite3.Connection]:
    """Return a function that opens a SQLite file read-only, and never creates it."""
    address = f"file:{quote(str(path))}?mode=ro"
    return lambda: sqlite3.connect(address, uri=True, timeout=LOCK_SECONDS_MAX, check_same_thread=False)


def _absolute(url: URL) -> URL:
    path = url.database or ""
    if path in ("", ":memory:") or path.startswith("file:"):
        raise DatabaseUrlInvalid("DATABASE_URL: expected the path of a file, that threads and restarts can share")
    return url.set(database=str(Path(path).absolute()))


def _postgresql_arguments(url: URL, settings: str, seconds_max: int, guard: HangGuard) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "connect_timeout": 2,
        "application_name": "order_engine",
        "options": settings,
        "keepalives_idle": 2,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 2_000 * seconds_max,
    }
    # Options in the URL take precedence.
    said = {name: value for name, value in arguments.items() if name not in url.query}
    return said | guarded(guard, seconds_max + CUT_AFTER_SECONDS)
