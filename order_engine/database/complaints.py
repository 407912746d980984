"""Classifies errors of the drivers: the database is away, it refuses, or it has no tables yet."""

import sqlite3
from typing import Any

import psycopg2  # type: ignore[import-untyped] # the driver ships no types
from sqlalchemy.exc import TimeoutError as PoolTimeout

_NO_TABLE = ("no such table", "no such column")
_SQLITE_REFUSALS = frozenset(
    (
        *(sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        *(sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE),
    )
)
_PRIMARY_CODE = 0xFF
_INSUFFICIENT_PRIVILEGE = "42501"
_LOCK_NOT_AVAILABLE = "55P03"
_NO_ANSWER = (psycopg2.OperationalError, psycopg2.InterfaceError, PoolTimeout)
_UNDEFINED = frozenset({"42P01", "42703"})
# Integrity and data, syntax and names, damaged files.
_POSTGRESQL_REFUSALS = ("22", "23", "42", "XX")


def is_refusal(cause: BaseException) -> bool:
    """Return whether the database refuses a row or a statement, or is damaged. Waiting does not help then."""
    if isinstance(cause, sqlite3.Error):
        code: int | None = getattr(cause, "sqlite_errorcode", None)
        if code is None:
            return isinstance(cause, sqlite3.IntegrityError | sqlite3.DataError)
        return code & _PRIMARY_CODE in _SQLITE_REFUSALS
    code_text = _sqlstate(cause)
    return code_text.startswith(_POSTGRESQL_REFUSALS) and code_text != _INSUFFICIENT_PRIVILEGE


def is_silence(cause: BaseException) -> bool:
    """Return whether the database did not answer, or the read only waited for a lock. Other reads would fail too.

    A read that took too long does not count: others may be shorter.
    """
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", 0) or 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
    code = _sqlstate(cause)
    return code == _LOCK_NOT_AVAILABLE or (not code and isinstance(cause, _NO_ANSWER))


def lacks_tables(cause: BaseException) -> bool:
    """Return whether a table or a column is missing."""
    if isinstance(cause, sqlite3.Error):
        return str(cause).startswith(_NO_TABLE)
    return _sqlstate(cause) in _UNDEFINED


def describe(cause: BaseException, password: Any) -> str:  # Any: a text, or an object that shows as one
    """Return the error in one line, without statement, parameters and password."""
    # The first line is the error. SQLAlchemy adds the statement after it.
    line = str(cause).strip().partition("\n")[0]
    if password:
        line = line.replace(str(password), "***")
    if line == "interrupted":
        line = "the read took too long and was interrupted"
    name = type(cause).__name__
    return f"{name}: {line}" if line else name


def _sqlstate(cause: BaseException) -> str:
    return getattr(cause, "pgcode", None) or ""
