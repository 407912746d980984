"""The PostgreSQL fixtures do what the tests of the database rely on."""

from contextlib import closing

import psycopg2
import pytest

from tests.postgres_cluster import PostgresCluster

pytestmark = pytest.mark.postgres


def connect(url: str) -> psycopg2.extensions.connection:
    return psycopg2.connect(url.replace("+psycopg2", ""))


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_gets_an_empty_database(postgres_url: str, run: int) -> None:
    with closing(connect(postgres_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'")
        assert cursor.fetchone() == (0,)

        cursor.execute("CREATE TABLE left_behind ()")
        connection.commit()


def test_stopped_server_refuses_and_started_again_has_its_rows(postgres_server: PostgresCluster) -> None:
    with closing(connect(postgres_server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 1 AS number")
        connection.commit()

    postgres_server.stop()
    with pytest.raises(psycopg2.OperationalError):
        connect(postgres_server.url)
    postgres_server.start()

    with closing(connect(postgres_server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT number FROM kept")
        assert cursor.fetchone() == (1,)
