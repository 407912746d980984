"""Crashes, failing commits and servers that go away: nothing is lost and nothing is written twice."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from order_engine.database.database import Database
from order_engine.database.errors import ForeignCheckpoint
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import Start
from tests.integration.database.market import Market, busy_market, buy, sell
from tests.integration.database.projection_checks import (
    WAIT_SECONDS,
    Halt,
    assert_projected,
    publish,
    wait_through_trouble,
)
from tests.postgres_cluster import PostgresCluster

CRASH = """
import os, sys
from sqlalchemy import event
from order_engine.database.database import Database
from order_engine.followers.sql.projection_store import ProjectionStore
from tests.integration.database.conftest import JOURNAL_ID
from tests.integration.database.market import busy_market

market = busy_market(10)
database = Database(sys.argv[1])
store = ProjectionStore(database)
store.open(JOURNAL_ID, market.end)
store.write(market.journal[:10])
event.listen(database.engine, "commit", lambda connection: os._exit(9))
store.write(market.journal[10:20])
"""


class CommitFaults:
    """Makes commits fail: before the database hears of them, or after, so that only the answer is lost."""

    def __init__(self, database: Database) -> None:
        self.failures = 0
        self.left = 0
        self.after = False
        event.listen(database.engine, "commit", self._on_commit)

    def _on_commit(self, connection: Connection) -> None:
        if self.left:
            self.left -= 1
            self.failures += 1
            if self.after:
                connection.connection.commit()
            raise OperationalError("COMMIT", None, OSError("the wire was cut"))


def test_commit_that_fails_is_repeated_and_nothing_is_lost(database: Database, start: Start) -> None:
    market = busy_market(10)
    projector = start(database, market)
    faults = CommitFaults(database)
    faults.left = 3

    publish(projector, market.journal)

    wait_through_trouble(projector, market.end)
    assert faults.failures == 3
    assert_projected(database, market)


def test_commit_whose_answer_is_lost_is_not_repeated(database: Database, start: Start) -> None:
    market = busy_market(10)
    projector = start(database, market)
    faults = CommitFaults(database)
    faults.after = True
    faults.left = 1

    publish(projector, market.journal)

    wait_through_trouble(projector, market.end)
    assert faults.failures == 1
    assert_projected(database, market)


def test_row_that_the_database_refuses_is_named_and_waited_for(
    database: Database, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    market = busy_market(10)
    projector = start(database, market)
    with database.engine.begin() as connection:
        # Somebody has written a trade of their own.
        connection.exec_driver_sql(
            "INSERT INTO trades (sequence, number, trade_id, symbol, price_e8, quantity_e8, buy_order_id, "
            "sell_order_id, executed_ns) SELECT n, 1, 'alien', 'AAPL', 1, 1, 'a', 'b', 1 "
            "FROM (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) AS numbers"
        )

    publish(projector, market.journal)

    assert not projector.wait_projected(market.end, WAIT_SECONDS)
    assert projector.status.startswith(f"{database.kind} refuses: ")
    assert {"IntegrityError", "UniqueViolation"} & {projector.status.split(": ")[1]}
    assert "stands still until this is mended" in caplog.text

    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM trades WHERE trade_id = 'alien'")
    wait_through_trouble(projector, market.end)
    assert_projected(database, market)
    assert projector.status == "ok"


def test_crash_before_a_commit_leaves_rows_and_checkpoint_agreeing(
    database: Database, database_url: str, start: Start
) -> None:
    root = Path(__file__).resolve().parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    crashed = subprocess.run([sys.executable, "-c", CRASH, database_url], env=environment, check=False, timeout=60)
    market = busy_market(10)
    survived = market.journal[9].record.last_sequence
    orders = Queries(database).orders(limit=1000).orders

    projector = start(database, market, journal_end=market.end)

    assert crashed.returncode == 9
    assert max(stored.updated_sequence for stored in orders) <= survived
    assert projector.wait_projected(market.end, WAIT_SECONDS)
    assert_projected(database, market)


@pytest.mark.postgres
def test_server_that_is_down_at_start_is_caught_up_with_when_it_comes(
    postgres_server: PostgresCluster, start: Start
) -> None:
    market = busy_market(10)
    postgres_server.stop()
    with closing(Database(postgres_server.url)) as database:
        projector = start(database, market, journal_end=market.end)
        publish(projector, market.apply_each([buy(), sell()]))

        assert not projector.wait_projected(1, WAIT_SECONDS)
        assert "OperationalError" in projector.status
        assert projector.lag > 0

        postgres_server.start()
        wait_through_trouble(projector, market.end)
        assert_projected(database, market)
        assert projector.status == "ok"
        projector.close()


@pytest.mark.postgres
def test_server_that_goes_away_and_comes_back_loses_nothing(postgres_server: PostgresCluster, start: Start) -> None:
    market = busy_market(20)
    with closing(Database(postgres_server.url)) as database:
        projector = start(database, market)
        publish(projector, market.journal[:30])
        assert projector.wait_projected(market.journal[29].record.last_sequence, WAIT_SECONDS)

        for at in (30, 50):
            postgres_server.stop()
            publish(projector, market.journal[at : at + 20])
            assert not projector.wait_projected(market.journal[at].record.sequence, WAIT_SECONDS)
            postgres_server.start()
            wait_through_trouble(projector, market.journal[at + 19].record.last_sequence)

        publish(projector, market.journal[70:])
        wait_through_trouble(projector, market.end)
        assert_projected(database, market)
        projector.close()


@pytest.mark.postgres
def test_foreign_database_that_was_down_at_start_halts_when_it_comes(
    postgres_server: PostgresCluster, start: Start
) -> None:
    halt = Halt()
    with closing(Database(postgres_server.url)) as database:
        first = start(database, Market(), journal_id="aaaa")
        first.close()
        postgres_server.stop()
        start(database, Market(), on_halt=halt, journal_id="bbbb")

        postgres_server.start()

        assert isinstance(halt.wait(), ForeignCheckpoint)
