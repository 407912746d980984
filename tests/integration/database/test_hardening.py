"""Hardening: what was committed before is on disk after, whatever the settings of the database."""

from contextlib import closing

import pytest
from sqlalchemy import Connection, event

from order_engine.database.database import Database
from tests.integration.database.conftest import Start
from tests.integration.database.market import Market, busy_market
from tests.integration.database.projection_checks import WAIT_SECONDS, wait_through_trouble
from tests.postgres_cluster import PostgresCluster

SYNC_SETTING = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}
SYNCED = {"sqlite": 2, "postgresql": "on"}


def settings_at_commits(database: Database) -> list[object]:
    """Note how each commit from here on is synced."""
    found: list[object] = []

    def note(connection: Connection) -> None:
        found.append(connection.exec_driver_sql(SYNC_SETTING[database.kind]).scalar())

    event.listen(database.engine, "commit", note)
    return found


def weaken(database: Database) -> None:
    """Let PostgreSQL answer before it has synced, as SQLite does by our own setting."""
    if database.kind == "postgresql":
        with database.engine.begin() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{database.url.database}" SET synchronous_commit = off')
        database.engine.dispose()


def test_hardening_syncs_its_commit_and_only_its_own(database: Database, start: Start) -> None:
    market = busy_market(5)
    weaken(database)
    projector = start(database, market, market.end)
    assert projector.wait_projected(market.end, WAIT_SECONDS)
    settings = settings_at_commits(database)

    assert projector.harden() == market.end
    with database.engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")

    assert settings[0] == SYNCED[database.kind] != settings[1]


def test_what_is_hard_already_costs_nothing(database: Database, start: Start) -> None:
    market = busy_market(5)
    projector = start(database, market, market.end)
    assert projector.wait_projected(market.end, WAIT_SECONDS)
    projector.harden()
    settings = settings_at_commits(database)

    assert projector.harden() == market.end

    assert settings == []


@pytest.mark.postgres
def test_database_that_is_away_hardens_nothing_more(postgres_server: PostgresCluster, start: Start) -> None:
    market = busy_market(5)
    with closing(Database(postgres_server.url)) as database:
        projector = start(database, Market())
        for applied in market.journal[:10]:
            projector.publish(applied)
        reached = market.journal[9].record.last_sequence
        assert projector.wait_projected(reached, WAIT_SECONDS)
        assert projector.harden() == reached
        for applied in market.journal[10:]:
            projector.publish(applied)
        assert projector.wait_projected(market.end, WAIT_SECONDS)

        postgres_server.stop()
        assert projector.harden() == reached

        postgres_server.start()
        wait_through_trouble(projector, market.end)
        assert projector.harden() == market.end
        projector.close()
