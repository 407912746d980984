"""A server was killed while PostgreSQL carried out its last commit, and the next server is there before it ends."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest
from sqlalchemy import Connection, event

from order_engine.database.database import Database
from order_engine.followers.sql.projection_store import ProjectionStore
from tests.integration.database.conftest import JOURNAL_ID, Start
from tests.integration.database.market import busy_market
from tests.integration.database.projection_checks import WAIT_SECONDS, assert_projected, wait_through_trouble
from tests.unit.exchange.exchanges import wait_until


def is_waited_for_a_lock(database: Database) -> bool:
    with database.engine.connect() as connection:
        return bool(connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one())


@pytest.mark.postgres
def test_commit_of_a_killed_server_that_ends_after_the_restart_is_waited_for(postgres_url: str, start: Start) -> None:
    market, ending, may_end = busy_market(10), Event(), Event()

    def end_late(connection: Connection) -> None:
        ending.set()
        may_end.wait(WAIT_SECONDS)

    with closing(Database(postgres_url)) as killed, closing(Database(postgres_url)) as database:
        store = ProjectionStore(killed)
        store.open(JOURNAL_ID, market.end)
        event.listen(killed.engine, "commit", end_late)
        with ThreadPoolExecutor(2) as pool:
            pool.submit(store.write, market.journal[:10])
            assert ending.wait(WAIT_SECONDS)
            starting = pool.submit(start, database, market, journal_end=market.end)
            wait_until(lambda: is_waited_for_a_lock(database))
            may_end.set()
            projector = starting.result()

        wait_through_trouble(projector, market.end)
        assert_projected(database, market)
        store.close()
        projector.close()
