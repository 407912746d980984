"""A soak: minutes of seeded load on one server, and a check that its memory and disk do not keep growing.

usage: python -m stress.soak [--seconds S] [--clients N] [--seed N] [--save]

Orders come, trade, and are all canceled now and then, so only the history may grow: the
database, the archive and the audit log. Memory, the journal's directory and the snapshots must stay within bounds, and
the projections close behind. Exits 1 if they do not, or if a response is neither 2xx nor a refusal by the rulebook.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import TypeVar

from stress.benchmarks.conditions import conditions_now, report
from stress.gauges import MIB, Sample, look
from stress.server import RunningServer, exchange_server
from stress.workloads import SYMBOLS, ActionKind, OrderFlow

T = TypeVar("T")

SETTINGS = {"JOURNAL_SEGMENT_BYTES": str(1 << 20), "SNAPSHOT_INTERVAL_SEC": "5"}
CANCEL_ALL_EVERY = 200
LAG_MAX = 20_000
SETTLE_SECONDS_MAX = 60
# The allowed growth from the third fifth to the last: a share, plus caches and a few segments.
GROWTH = {"memory": (1.10, 24 * MIB), "journal": (1.5, 8 * MIB), "snapshots": (1.5, 4 * MIB)}
REFUSALS = frozenset({404, 409, 422})


@dataclass
class Client:
    """One connection with an order flow of its own."""

    port: int
    number: int
    seed: int
    stopping: Event
    sequence: int = 0
    requests: int = 0
    refusals: int = 0
    faults: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Trade until the run is over, or until a response is wrong."""
        users = [f"soaker{self.number}-{seat}" for seat in range(3)]
        flow = OrderFlow(f"{self.seed}.{self.number}", SYMBOLS, users)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        owners: dict[str, str] = {}
        try:
            while not self.stopping.is_set() and not self.faults:
                action = flow.next_action()
                if action.kind is ActionKind.PLACE:
                    owners[action.client_order_id] = str(action.body["user_id"])
                    self._ask(connection, "POST", "/orders", action.body)
                elif owner := owners.get(action.client_order_id):
                    method = "PATCH" if action.kind is ActionKind.AMEND else "DELETE"
                    path = f"/orders/by-client-id/{action.client_order_id}?user_id={owner}"
                    self._ask(connection, method, path, action.body or None)
                if self.requests % CANCEL_ALL_EVERY == 0:
                    owners.clear()
                    for user in users:
                        self._ask(connection, "DELETE", f"/orders?user_id={user}", None)
        except (OSError, http.client.HTTPException) as error:
            self.faults.append(f"{type(error).__name__}: {error}")
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: object) -> None:
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        self.requests += 1
        self.sequence = max(self.sequence, int(response.headers.get("X-Sequence", "0")))
        if response.status in REFUSALS:
            self.refusals += 1
        elif response.status // 100 != 2:
            self.faults.append(f"{method} {path}: {response.status} {text[:200]!r}")


def main() -> None:
    """Run the soak, print the samples, and judge them."""
    arguments = _arguments()
    conditions = conditions_now()
    with tempfile.TemporaryDirectory(prefix="exchange-soak-") as directory:
        data = Path(directory, "data")
        with exchange_server(environment={**SETTINGS, "DATA_DIR": str(data)}) as server:
            clients, samples = _soak(server, data, arguments)
    broken = [*(fault for client in clients for fault in client.faults), *judged(samples)]
    figures = {
        "seed": arguments.seed,
        "clients": arguments.clients,
        "requests": sum(client.requests for client in clients),
        "refusals": sum(client.refusals for client in clients),
        "samples": [sample.figures() for sample in samples],
        "broken": broken,
    }
    report("soak", conditions, figures, save=arguments.save)
    if broken:
        sys.exit(f"soak with seed {arguments.seed}: {'; '.join(broken)}")


def _soak(server: RunningServer, directory: Path, arguments: argparse.Namespace) -> tuple[list[Client], list[Sample]]:
    stopping = Event()
    clients = [Client(server.port, number, arguments.seed, stopping) for number in range(arguments.clients)]
    threads = [Thread(target=client.run, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    started = time.monotonic()
    samples: list[Sample] = []
    pause = max(1, arguments.seconds // 60)
    while (second := round(time.monotonic() - started)) < arguments.seconds:
        time.sleep(pause)
        samples.append(_look(server, directory, second + pause, clients))
        print(_line(samples[-1]), file=sys.stderr, flush=True)
    stopping.set()
    for thread in threads:
        thread.join()
    samples.append(_settled(server, directory, arguments.seconds, clients))
    return clients, samples


def _look(server: RunningServer, directory: Path, second: int, clients: list[Client]) -> Sample:
    sequence = max(client.sequence for client in clients)
    return look(server.process.pid, server.port, directory, second, sequence)


def _settled(server: RunningServer, directory: Path, second: int, clients: list[Client]) -> Sample:
    """Sample until the projections have caught up, for a bounded time."""
    deadline = time.monotonic() + SETTLE_SECONDS_MAX
    while True:
        sample = _look(server, directory, second, clients)
        if sample.database_lag + sample.audit_lag == 0 or time.monotonic() > deadline:
            return sample
        time.sleep(0.5)


def judged(samples: list[Sample]) -> list[str]:
    """Return what grew beyond its bound, or was too far behind; the last sample is of a server at rest."""
    *loaded, settled = samples
    broken = [f"{name} is {lag} commands behind at the end" for name, lag in _lags(settled) if lag]
    for sample in loaded:
        broken += [
            f"{name} is {lag} commands behind after {sample.second} s" for name, lag in _lags(sample) if lag > LAG_MAX
        ]
    first, last = early_and_late(loaded)
    for name, (share, allowance) in GROWTH.items():
        early, late = (median(sample.figures()[name] for sample in part) for part in (first, last))
        if late > early * share + allowance:
            broken.append(f"{name} grew from {early / MIB:.1f} to {late / MIB:.1f} MiB")
    return broken


def early_and_late(loaded: list[T]) -> tuple[list[T], list[T]]:
    """Return the samples of the third fifth and of the last.

    Before, SQLite's cache (64 MiB) and the feeds' history of trades fill faster than a leak would show.
    """
    fifth = max(1, len(loaded) // 5)
    return loaded[2 * fifth : 3 * fifth] or loaded, loaded[-fifth:]


def _lags(sample: Sample) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("the database", sample.database_lag), ("the audit log", sample.audit_lag)


def _line(sample: Sample) -> str:
    return (
        f"{sample.second:5} s  {sample.sequence:9} commands  memory {sample.memory / MIB:6.1f} MiB  "
        f"journal {sample.journal / MIB:5.1f}  archive {sample.archive / MIB:6.1f}  audit {sample.audit / MIB:6.1f}  "
        f"database {sample.database / MIB:6.1f}  lag {sample.database_lag} and {sample.audit_lag}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
