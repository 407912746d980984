"""From ``DATABASE_URL`` to an address and the engine options that suit it."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from order_engine.database.errors import DatabaseUrlInvalid

POSTGRESQL_DRIVER = "postgresql+psycopg2"
SQLITE_DRIVER = "sqlite+pysqlite"

_DRIVERS = {
    "postgres": POSTGRESQL_DRIVER,
    "postgresql": POSTGRESQL_DRIVER,
    POSTGRESQL_DRIVER: POSTGRESQL_DRIVER,
    "sqlite": SQLITE_DRIVER,
    SQLITE_DRIVER: SQLITE_DRIVER,
}


def parse_database_url(text: str) -> URL:
    """Read an address; ``postgres://`` is understood, a relative SQLite path counts from the working directory."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseUrlInvalid("DATABASE_URL: expected sqlite:///PATH or postgresql://USER@HOST/NAME") from None
    driver = _DRIVERS.get(url.drivername)
    if driver is None:
        raise DatabaseUrlInvalid(f"DATABASE_URL: expected sqlite or postgresql, found {url.drivername}")
    url = url.set(drivername=driver)
    return _absolute(url) if driver == SQLITE_DRIVER else url


def _absolute(url: URL) -> URL:
    path = url.database or ""
    if path in ("", ":memory:") or path.startswith("file:"):
        raise DatabaseUrlInvalid("DATABASE_URL: expected the path of a file, that threads and restarts can share")
    return url.set(database=str(Path(path).absolute()))


def engine_options(url: URL, *, statement_timeout_ms: int = 15_000) -> dict[str, Any]:  # Any: SQLAlchemy's keywords
    """Return the keywords of ``create_engine``: a pool for 64 request threads, and no wait without an end."""
    options: dict[str, Any] = {"url": url, "pool_timeout": 5, "hide_parameters": True}
    if url.drivername == SQLITE_DRIVER:
        return options | {"pool_size": 16, "max_overflow": 64, "connect_args": {"timeout": 15}}
    arguments: dict[str, Any] = {
        "connect_timeout": 5,
        "application_name": "order_engine",
        "options": f"-c statement_timeout={statement_timeout_ms}",
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    own = {name: value for name, value in arguments.items() if name not in url.query}
    return options | {"pool_size": 16, "max_overflow": 16, "pool_pre_ping": True, "connect_args": own}
