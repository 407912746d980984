"""A server of today opens what a released version left, in either database, and goes on; ``verify`` is content."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.matching.commands import PlaceOrder, Side
from tests.integration.service.venues import venue
from tests.released.releases import Release

PROJECT = Path(__file__).resolve().parents[2]
ONE_E8 = 100_000_000


def test_sqlite_file_is_migrated_and_goes_on(release: Release, data: Path) -> None:
    environment = dict(release.settings)

    last_sequence = place_an_order(data, environment)

    assert last_sequence > release.sequence
    assert verified(data, environment)["sequence"] == last_sequence


@pytest.mark.postgres
def test_postgresql_database_is_migrated_and_goes_on(release: Release, data: Path, postgres_url: str) -> None:
    plain_url = postgres_url.replace("postgresql+psycopg2://", "postgresql://")
    psql = ["psql", "--quiet", "--set=ON_ERROR_STOP=1", plain_url]
    subprocess.run(psql, input=release.postgresql_dump(), text=True, stdout=subprocess.DEVNULL, check=True)
    environment = {**release.settings, "DATABASE_URL": postgres_url}

    last_sequence = place_an_order(data, environment)

    assert last_sequence > release.sequence
    assert verified(data, environment)["sequence"] == last_sequence


def place_an_order(data: Path, environment: dict[str, str]) -> int:
    """Start, place an order, stop in good order; return the journal's last sequence."""
    with venue(data, **environment) as running:
        placed = PlaceOrder(symbol="WEB", side=Side.BUY, quantity_e8=ONE_E8, price_e8=ONE_E8, user_id="new")
        return running.exchange.submit([placed]).applied.record.last_sequence


def verified(data: Path, environment: dict[str, str]) -> dict[str, object]:
    """What ``verify`` prints; it must find no difference."""
    command = [sys.executable, "-m", "order_engine", "verify", "--json"]
    environ = os.environ | environment | {"DATA_DIR": str(data)}
    finished = subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    found: dict[str, object] = json.loads(finished.stdout)
    return found
