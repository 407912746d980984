"""A fresh exchange for each test, and clients of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.integration.api.served_exchange import Served, served_exchange

API_KEY = "a-key-for-the-tests"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An exchange without keys."""
    with served_exchange(tmp_path) as served:
        yield served


@pytest.fixture
def client(served: Served) -> FlaskClient:
    """A client of an exchange without keys."""
    return served.client


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Served]:
    """An exchange with an API key."""
    with served_exchange(tmp_path, api_key=API_KEY) as served:
        yield served
