"""This version opens the data of a released version, in either database, and goes on; ``verify`` agrees."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.integration.service.server_process import command_line, running
from tests.released.releases import Release


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
    """Start a server, place an order, read it from the database, and stop; return the order's sequence."""
    order = {"symbol": "WEB", "side": "BUY", "quantity": "1", "price": "1.00", "user_id": "new"}
    # To the clock guard the release ran too long ago.
    with running(data, ACCEPT_CLOCK="true", **environment) as server:
        client = server.wait_ready().client()
        placed = client.ask("POST", "/orders", order)
        assert placed.status == 201, placed
        sequence = placed.headers["X-Sequence"]
        found = client.ask("GET", "/orders?user_id=new", headers={"X-Min-Sequence": sequence})
        assert [one["order_id"] for one in found.content["orders"]] == [placed.content["order_id"]]
        assert server.terminate() == 0
        return int(sequence)


def verified(data: Path, environment: dict[str, str]) -> dict[str, object]:
    """What ``verify`` prints; it must find no difference."""
    finished = command_line(data, "verify", "--json", **environment)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    found: dict[str, object] = json.loads(finished.stdout)
    return found
