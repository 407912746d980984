"""What a snapshot of many live orders costs order entry, on a server as an operator runs it.

usage: python -m stress.benchmarks.snapshot_stall [--orders N] [--database sqlite|postgresql|both] [--seconds S]
    [--rounds N] [--stall-max MS] [--ready-max S] [--bytes-max N] [--no-pin] [--save]

A journal of resting orders and a snapshot of them are made first; nothing of them trades with the load, which has a
symbol of its own. The server starts from the snapshot: how long until it is ready, and how much its exchange process
holds. Once the followers have written all those orders, rounds of load alternate without and with snapshots, which one
client asks for again and again. The stall is the difference of the medians of both p99.9. Processors are as in
http_durable.
"""

import argparse
import http.client
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from order_engine.exchange.recovery import Recovery
from order_engine.exchange.state import ExchangeState
from order_engine.journal.committer import Committer
from order_engine.journal.disk import LocalDisk
from order_engine.journal.watermark import MemoryWatermark
from order_engine.matching.engine import RULES_VERSION
from stress.benchmarks.conditions import PROJECT, Figures, conditions_now, report
from stress.benchmarks.http_durable import databases
from stress.benchmarks.http_load import HEADERS, Load, LoadFailed, Rate, parted_processors, processors
from stress.benchmarks.million_orders import GAP_NS_MAX, resting_orders
from stress.gauges import resident_of
from stress.health import LagWatch
from stress.postgres_cluster import running_cluster
from stress.server import RunningServer, exchange_server
from stress.workloads import resting_and_crossing

PATH = "/api/v1/orders"
SNAPSHOT_PATH = "/api/v1/admin/snapshot"
JOURNAL_ID = "c" * 32
COMMIT_RECORDS = 10_000
BODIES = 2_000
CATCH_UP_SECONDS_MAX = 600
SNAPSHOT_SECONDS_MAX = 300
LOAD_ORDERS_MAX = 1_000_000


class Round(NamedTuple):
    """The rates of both loads, and how long each snapshot took."""

    without: Rate
    during: Rate
    snapshot_seconds: list[float]


def main() -> None:
    """Measure, print, and fail if a bound that was given is not kept."""
    arguments = _arguments()
    if arguments.build is not None:
        build(arguments.build, arguments.orders)
        return
    conditions = conditions_now()
    allowed = processors()
    server_on, load_on = parted_processors(allowed) if arguments.pin else (None, None)
    load = Load(resting_and_crossing(1, "LOAD", BODIES), arguments.connections, arguments.seconds, load_on)
    with tempfile.TemporaryDirectory(prefix="exchange-orders-") as name:
        made = Path(name, "made")
        _build_apart(made, arguments.orders)
        measured = {
            database: _measured(database, made, load, server_on, allowed, arguments)
            for database in databases(arguments.database)
        }
    figures: Figures = {
        "orders": arguments.orders,
        "pinned": load_on is not None,
        "load": {"tool": load.tool, "connections": load.connections, "seconds": load.seconds},
        "databases": measured,
    }
    report("snapshot-stall", conditions, figures, save=arguments.save)
    if broken := [rule for name, found in measured.items() for rule in _broken(name, found, arguments)]:
        sys.exit("; ".join(broken))


def build(directory: Path, orders: int) -> None:
    """Make a data directory with a journal of resting orders and a snapshot of them."""
    recovery = Recovery(directory, LocalDisk())
    journal = Committer(
        recovery.journal_directory,
        LocalDisk(),
        end=recovery.latest().end,
        journal_id=JOURNAL_ID,
        rules_version=RULES_VERSION,
        clock=time.time_ns,
        watermark=MemoryWatermark(),
    )
    state = ExchangeState()
    # Up to about now: a server whose clock has jumped since the last order takes none.
    for record in resting_orders(orders, time.time_ns() - orders * GAP_NS_MAX):
        state.apply(record)
        journal.append(record)
        if record.sequence % COMMIT_RECORDS == 0:
            journal.commit()
    journal.close()
    assert len(state.engine.live.by_key) == orders
    recovery.save(state)


def _build_apart(directory: Path, orders: int) -> None:
    """Build in a process of its own, whose memory goes with it."""
    module = "stress.benchmarks.snapshot_stall"
    command = [sys.executable, "-m", module, "--orders", str(orders), "--build", str(directory)]
    subprocess.run(command, cwd=PROJECT, check=True)


def _measured(
    database: str, made: Path, load: Load, server_on: int | None, allowed: list[int], arguments: argparse.Namespace
) -> Figures:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="exchange-stall-")), "exchange")
        shutil.copytree(made, directory)
        settings = {
            "DATA_DIR": str(directory),
            "SNAPSHOT_INTERVAL_SEC": "0",
            "MAX_LIVE_ORDERS": str(arguments.orders + LOAD_ORDERS_MAX),
        }
        if server_on is not None:
            settings["EXCHANGE_CPU"] = str(server_on)
        if database == "postgresql":
            settings["DATABASE_URL"] = stack.enter_context(running_cluster(fsync=True, processor=load.processor)).url
        began = time.monotonic()
        server = stack.enter_context(exchange_server(processors=allowed, environment=settings))
        ready_seconds = time.monotonic() - began
        resident_bytes = resident_of(_exchange_process(server))
        lags = stack.enter_context(LagWatch(server.port))
        if not lags.wait_caught_up(CATCH_UP_SECONDS_MAX):
            raise LoadFailed(f"the followers still lack orders after {CATCH_UP_SECONDS_MAX} s")
        lags.worst.clear()
        rounds = [_round(load, server.port) for _ in range(arguments.rounds)]
        resident_after = resident_of(_exchange_process(server))
    without, during = [one.without for one in rounds], [one.during for one in rounds]
    return {
        "ready_seconds": round(ready_seconds, 2),
        "bytes_an_order": resident_bytes // arguments.orders,
        "resident_mib_after_load": resident_after >> 20,
        "without_snapshots": [_rounded(rate) for rate in without],
        "with_snapshots": [_rounded(rate) for rate in during],
        "snapshot_seconds": [round(seconds, 2) for one in rounds for seconds in one.snapshot_seconds],
        "stall_ms": round(_median_worst(during) - _median_worst(without), 1),
        "lag_max": lags.worst,
    }


def _round(load: Load, port: int) -> Round:
    """Load without snapshots, then with them."""
    without = load.put_on(port, PATH)
    with _snapshots(port) as seconds:
        during = load.put_on(port, PATH)
    if not seconds:
        raise LoadFailed("no snapshot was taken")
    return Round(without, during, seconds)


@contextmanager
def _snapshots(port: int) -> Iterator[list[float]]:
    """Have snapshots taken, one after the other; the last ends before the context does."""
    seconds: list[float] = []
    stopping = Event()

    def take_all() -> None:
        while not stopping.is_set():
            began = time.monotonic()
            if not _take_snapshot(port):
                break
            seconds.append(time.monotonic() - began)

    thread = Thread(target=take_all, name="snapshots")
    thread.start()
    try:
        yield seconds
    finally:
        stopping.set()
        thread.join()


def _take_snapshot(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SNAPSHOT_SECONDS_MAX)
    try:
        connection.request("POST", SNAPSHOT_PATH, headers=HEADERS)
        response = connection.getresponse()
        text = response.read()
        if response.status != http.HTTPStatus.CREATED:
            print(f"no snapshot: {response.status} {text[:200]!r}", file=sys.stderr)
        return response.status == http.HTTPStatus.CREATED
    finally:
        connection.close()


def _exchange_process(server: RunningServer) -> int:
    """Return the worker of gunicorn's master, its only child."""
    master = server.process.pid
    (worker,) = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
    return int(worker)


def _median_worst(rates: list[Rate]) -> float:
    return statistics.median(rate.percentile_99_9_ms for rate in rates)


def _broken(database: str, found: Figures, arguments: argparse.Namespace) -> Iterator[str]:
    bounds = {
        "stall_ms": arguments.stall_max,
        "ready_seconds": arguments.ready_max,
        "bytes_an_order": arguments.bytes_max,
    }
    for name, most in bounds.items():
        figure = found[name]
        assert isinstance(figure, float | int)
        if figure > most:
            yield f"{database}: {name} is {figure:,}, more than {most:,}"


def _rounded(rate: Rate) -> dict[str, float]:
    return {name: round(figure, 1) for name, figure in asdict(rate).items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="snapshot_stall", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=15, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--no-pin", dest="pin", action="store_false")
    parser.add_argument("--stall-max", type=float, default=float("inf"), help="milliseconds")
    parser.add_argument("--ready-max", type=float, default=float("inf"), help="seconds")
    parser.add_argument("--bytes-max", type=float, default=float("inf"), help="of the exchange process, for each order")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
