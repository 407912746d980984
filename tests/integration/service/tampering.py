"""Trading that leaves every kind of row to verify, and statements that tamper with the rows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import create_engine

from order_engine.bootstrap.venue import Venue
from order_engine.database.database_url import parse_database_url
from tests.integration.service.server_process import buy, sell
from tests.unit.exchange.exchanges import FakeClock

MINUTE_NS = 60_000_000_000
END = 16
COUNTS = {
    "checkpoint": END,
    "orders": 11,
    "trades": 5,
    "order_events": 15,
    "instruments": 2,
    "candles": 12,  # Of two symbols: seconds, minutes, hours, days.
    "positions": 4,
}


def trade_for_two_minutes(found: Venue, clock: FakeClock) -> None:
    """Orders of every kind of end, trades in two symbols and two minutes, a snapshot at 7 of the 16 commands."""
    client = found.app.test_client()
    for symbol in ("AAPL", "MSFT"):
        client.post("/orders", json=sell(symbol=symbol))
        client.post("/orders", json=buy(symbol=symbol, quantity="4", client_order_id="mine"))
        client.post("/orders", json=buy(symbol=symbol, price="99.001"))
    found.snapshots.take()
    clock.now += MINUTE_NS
    client.post("/orders/batch", json={"orders": [sell(), buy(), buy(price="98.00"), buy(price="97.00")]})
    client.put("/orders/10", json={"quantity": "5"})
    client.delete("/orders/11")
    client.delete("/orders/11")
    client.delete("/orders?user_id=nobody")
    client.post(
        "/orders", json=buy(symbol="MSFT", time_in_force="IOC", quantity="10"), headers={"Idempotency-Key": "k"}
    )


def execute(database_url: str, statement: str) -> None:
    """Change the database behind the exchange's back."""
    engine = create_engine(parse_database_url(database_url))
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


@contextmanager
def locked(directory: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock of the SQLite database in a data directory, until the end or a rollback."""
    connection = sqlite3.connect(directory / "exchange.db", isolation_level=None, timeout=30)
    with closing(connection):
        connection.execute("BEGIN IMMEDIATE")
        yield connection
