"""Services that tests may ask for. One that is absent skips the test, or fails it where REQUIRE_SERVICES=1."""

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import psycopg2
import pytest

from tests.postgres_cluster import PostgresCluster, PostgresUnavailable, running_cluster

DRIVER = "postgresql+psycopg2://"
pytest_plugins = ("tests.figures", "tests.turns")


def pytest_configure() -> None:
    """Let child processes heed SIGINT: a shell that starts the tests in the background has them ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_service_url() -> Iterator[str]:
    """The server that all tests of a worker share: TEST_POSTGRES_URL, or one started for them."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    try:
        with running_cluster() as cluster:
            yield cluster.url
    except PostgresUnavailable as lack:
        absent(f"no PostgreSQL: TEST_POSTGRES_URL is not set and {lack}")


@pytest.fixture(scope="session")
def postgres_database_names() -> Iterator[str]:
    """Names for databases, none of them twice on one server."""
    return (f"exchange_test_{os.getpid()}_{number}" for number in count(1))


@pytest.fixture
def postgres_url(postgres_service_url: str, postgres_database_names: Iterator[str]) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh, empty database, dropped after the test."""
    name = next(postgres_database_names)
    _execute(postgres_service_url, f'CREATE DATABASE "{name}"')
    yield f"{postgres_service_url.rpartition('/')[0]}/{name}"
    _execute(postgres_service_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database of each kind, in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/exchange.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def postgres_server() -> Iterator[PostgresCluster]:
    """A running server of the test's own, which it may stop and start."""
    try:
        with running_cluster() as cluster:
            yield cluster
    except PostgresUnavailable as lack:
        absent(f"no PostgreSQL of the test's own: {lack}")


def _execute(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url.replace(DRIVER, "postgresql://", 1))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def absent(reason: str) -> None:
    """Skip the test, or fail it where services are required."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1, but {reason}")
    pytest.skip(reason)
