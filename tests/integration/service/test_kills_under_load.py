"""A server killed again and again under load keeps every acknowledged command once; a retry does the rest.

``KILLS=500`` makes a long run; ``KILLS_SEED=7`` draws other moments and other orders.
"""

import http.client
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import RLock
from typing import NamedTuple

import pytest

from tests.figures import FiguresOf
from tests.integration.service.acknowledgements import check_journal, check_shown, check_stored
from tests.integration.service.remembering_client import RememberingClient
from tests.integration.service.server_process import ServerProcess, running
from tests.scale import scaled

KILLS = scaled("KILLS", 6)
SEED = int(os.environ.get("KILLS_SEED", "1"))
CLIENTS = 8
REPEATED_MAX = 1_000
pytestmark = pytest.mark.slow


class Moment(NamedTuple):
    """When a server is killed: after a number of responses since its start, or in a snapshot that is not the first."""

    answers: int
    in_snapshot: bool


def moments(chance: random.Random) -> Iterator[Moment]:
    """Draw moments: most are soon after the start, every sixth is in a snapshot."""
    for number in range(1, KILLS + 1):
        yield Moment(1 + chance.randrange(chance.choice((50, 100, 200))), number % 6 == 0)


class Killer:
    """Kills a server, all of its processes at once, in the thread that receives the response."""

    def __init__(self, server: ServerProcess, moment: Moment) -> None:
        self._server = server
        self._lock = RLock()
        self._left = moment.answers
        self._in_snapshot = moment.in_snapshot
        self._waits = moment.in_snapshot
        self.has_struck = False
        self.hit_a_snapshot = False

    def note_answer(self) -> None:
        """Count a response."""
        with self._lock:
            self._left -= not self._waits
            if self._left <= 0 and (self._is_taking_snapshot() or not self._in_snapshot):
                self.strike()

    def note_snapshot(self) -> None:
        """Begin to count, if it waited for a snapshot."""
        with self._lock:
            self._waits = False

    def strike(self) -> None:
        """Kill the server, once."""
        with self._lock:
            if not self.has_struck:
                self.has_struck = True
                self.hit_a_snapshot = self._is_taking_snapshot()
                self._server.kill()

    def _is_taking_snapshot(self) -> bool:
        # While a snapshot is taken, a second process of the followers dumps the state.
        return len(self._server.followers()) > 1


@contextmanager
def until_killed(server: ServerProcess, killer: Killer) -> Iterator[None]:
    """Run clients until their connection breaks, which only the kill may cause; a failing client stops the others."""
    try:
        yield
    except (OSError, http.client.HTTPException):
        assert killer.has_struck, server.log[-3000:]
    finally:
        killer.strike()


def trade(client: RememberingClient, server: ServerProcess, killer: Killer) -> None:
    """Continue where the last server was killed, until this one is killed."""
    connection = server.client()
    with until_killed(server, killer):
        client.ask_again(connection)
        while True:
            client.ask_next(connection)
            killer.note_answer()


def take_snapshots(server: ServerProcess, killer: Killer) -> None:
    """Request snapshots one after the other until the server is killed."""
    connection = server.client()
    with until_killed(server, killer):
        while True:
            answered = connection.ask("POST", "/admin/snapshot")
            assert answered.status == 201, answered
            killer.note_snapshot()


def trade_until_killed(server: ServerProcess, clients: Sequence[RememberingClient], moment: Moment) -> Counter[str]:
    """Let all clients trade until the server is killed; count what the kill interrupted."""
    killer = Killer(server.wait_ready(), moment)
    with ThreadPoolExecutor(len(clients) + 1) as pool:
        jobs = [pool.submit(trade, client, server, killer) for client in clients]
        jobs.append(pool.submit(take_snapshots, server, killer))
    for job in jobs:
        job.result()
    return Counter(
        {
            "kills survived": 1,
            "kills in a snapshot": int(killer.hit_a_snapshot),
            "restarts from a snapshot": int("recovered from the snapshot at 0" not in server.log),
            "requests left unanswered by a kill": sum(client.unanswered is not None for client in clients),
        }
    )


def repeat_everything(server: ServerProcess, client: RememberingClient) -> None:
    """Retry the requests without a response, then repeat as many others as are surely remembered."""
    connection = server.client()
    client.ask_again(connection)
    for acknowledged in client.acknowledged[-REPEATED_MAX:]:
        client.compare(connection, acknowledged)


def serving(directory: Path, database_url: str) -> AbstractContextManager[ServerProcess]:
    """Run a server with short segments and the shortest snapshot interval."""
    return running(directory, DATABASE_URL=database_url, SNAPSHOT_INTERVAL_SEC="1", JOURNAL_SEGMENT_BYTES="65536")


@pytest.mark.parametrize("seed", [SEED], ids="KILLS_SEED={}".format)
def test_server_killed_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, database_url: str, seed: int, figures_of: FiguresOf
) -> None:
    directory = tmp_path / "exchange"
    clients = [RememberingClient(f"user{number}", seed) for number in range(CLIENTS)]
    done: Counter[str] = Counter()

    for moment in moments(random.Random(seed)):
        with serving(directory, database_url) as server:
            done += trade_until_killed(server, clients, moment)
    with serving(directory, database_url) as server, ThreadPoolExecutor(CLIENTS) as pool:
        server.wait_ready()
        list(pool.map(lambda client: repeat_everything(server, client), clients))
        done += check_shown(server.port, clients)
        server.kill()
    done["of these carried out before the kill"] = sum(client.replayed for client in clients)

    check_journal(directory, clients)
    check_stored(directory, database_url)
    assert done["kills survived"] == KILLS
    assert done["requests left unanswered by a kill"] > KILLS
    assert done["of these carried out before the kill"] > 0
    assert done["kills in a snapshot"] > 0
    assert done["restarts from a snapshot"] > 0
    assert done["trades"] > KILLS
    figures_of("kills").update(done)
