"""SQLite's cache takes what there is room for: a large part of a small memory would be missing under attack."""

import sqlite3
from contextlib import closing

import pytest

from order_engine.database import writer
from order_engine.database.writer import prepare_sqlite

GIB = 1 << 30


@pytest.mark.parametrize(("memory_bytes", "kib"), [(GIB // 2, 16 << 10), (2 * GIB, 64 << 10), (100 * GIB, 64 << 10)])
def test_cache_of_the_writer_follows_from_the_memory(
    memory_bytes: int, kib: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "memory_limit_bytes", lambda: memory_bytes)

    with closing(sqlite3.connect(":memory:")) as connection:
        prepare_sqlite(connection, None)

        assert connection.execute("PRAGMA cache_size").fetchone() == (-kib,)
