"""Fixtures for pytest: ``pytest_plugins = ["order_engine.testing.fixtures"]`` in a ``conftest.py``."""

import sys
from collections.abc import Iterator

import pytest

from order_engine.testing.exchange import Exchange, exchange


@pytest.fixture(name="exchange")
def new_exchange() -> Iterator[Exchange]:
    """Serve a new exchange; pytest shows the end of its log with the output of a test that fails."""
    with exchange() as running:
        yield running
        sys.stdout.write(running.log)
