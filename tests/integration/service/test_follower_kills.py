"""The followers killed again and again under load: no request fails, nothing is lost or doubled, they catch up.

``KILLS=500`` makes a long run; ``KILLS_SEED=7`` draws other moments and other orders.
"""

import os
import random
import signal
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from tests.figures import FiguresOf
from tests.integration.service.acknowledgements import check_journal, check_shown, check_stored
from tests.integration.service.remembering_client import RememberingClient
from tests.integration.service.server_process import Client, ServerProcess, running
from tests.scale import scaled

KILLS = scaled("KILLS", 6)
SEED = int(os.environ.get("KILLS_SEED", "1"))
CLIENTS = 4
pytestmark = pytest.mark.slow


def trade(client: RememberingClient, connection: Client, enough: Event) -> None:
    """Trade until there were enough kills; every request must succeed."""
    while not enough.is_set():
        client.ask_next(connection)


def take_snapshots(connection: Client, enough: Event) -> None:
    """Request snapshots one after the other; they may fail while the followers are killed."""
    while not enough.is_set():
        answered = connection.ask("POST", "/admin/snapshot")
        assert answered.status == 201 or answered.content["code"] == "snapshot_failed", answered


def kill_followers(server: ServerProcess, chance: random.Random, jobs: list[Future[object]]) -> Counter[str]:
    """Kill the followers at moments that a seed draws: while they start, read, write or take a snapshot."""
    done: Counter[str] = Counter()
    pause = Event()
    killed: set[int] = set()
    while done["followers killed"] < KILLS:
        server.wait_until(lambda: bool(set(server.followers()) - killed) or any(job.done() for job in jobs))
        for job in jobs:
            if job.done():
                job.result()
        pause.wait(chance.choice((0.0, 0.1, 0.5, 1.5)) * chance.random())
        following = server.followers()
        done["killed with a snapshot under way"] += len(following) > 1
        for process_id in following:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        done["followers killed"] += bool(set(following) - killed)
        killed.update(following)
    return done


@pytest.mark.parametrize("seed", [SEED], ids="KILLS_SEED={}".format)
def test_follower_killed_again_and_again_costs_no_request_and_no_row(
    tmp_path: Path, database_url: str, seed: int, figures_of: FiguresOf
) -> None:
    directory = tmp_path / "exchange"
    clients = [RememberingClient(f"user{number}", seed) for number in range(CLIENTS)]
    settings = {"DATABASE_URL": database_url, "SNAPSHOT_INTERVAL_SEC": "1", "JOURNAL_SEGMENT_BYTES": "65536"}
    with running(directory, **settings) as server, ThreadPoolExecutor(CLIENTS + 1) as pool:
        server.wait_ready()
        enough = Event()
        jobs: list[Future[object]] = [pool.submit(trade, client, server.client(), enough) for client in clients]
        jobs.append(pool.submit(take_snapshots, server.client(), enough))
        try:
            done = kill_followers(server, random.Random(seed), jobs)
        finally:
            enough.set()
        for job in jobs:
            job.result()
        server.wait_followed()
        server.wait_until(lambda: server.client().get("/health")["status"] == "ok")
        done += check_shown(server.port, clients)
        server.hang_up()
        assert server.terminate() == 0
        assert server.processes() == {}

    check_journal(directory, clients)
    check_stored(directory, database_url)
    assert done["followers killed"] == KILLS
    assert done["trades"] > KILLS
    figures_of("follower kills").update(done)
