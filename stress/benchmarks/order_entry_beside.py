"""The rate of order entry beside what must not slow it: a database that is locked, hung or gone, and long reads.

usage: python -m stress.benchmarks.order_entry_beside [--connections N] [--readers N] [--seconds S] [--rounds N]
    [--database sqlite|postgresql|both] [--min RATIO] [--min-reading RATIO] [--no-pin] [--save]

Rounds alternate: order entry with nothing beside it, then in each situation. The ratio is the median over the rounds.
The readers ask for pages of 1,000 trades, each the next page as soon as the last one came. Processors are as in
http_durable.
"""

import argparse
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

from stress.benchmarks.conditions import Figures, conditions_now, report
from stress.benchmarks.http_durable import CATCH_UP_SECONDS_MAX, PATH, databases, rounded
from stress.benchmarks.http_load import Load, Rate, parted_processors, processors
from stress.health import LagWatch
from stress.postgres_cluster import PostgresCluster, running_cluster
from stress.server import RunningServer, exchange_server
from stress.workloads import resting_and_crossing

PAGE = "/api/v1/trades?limit=1000"
READING = "reading"
BODIES = 2_000

Situation = Callable[[], AbstractContextManager[object]]


def main() -> None:
    """Measure, print, and fail if a bound that was given is not kept."""
    arguments = _arguments()
    conditions = conditions_now()
    allowed = processors()
    server_on, load_on = parted_processors(allowed) if arguments.pin else (None, None)
    load = Load(resting_and_crossing(1, "AAPL", BODIES), arguments.connections, arguments.seconds, load_on)
    settings = {} if server_on is None else {"EXCHANGE_CPU": str(server_on)}
    measured: dict[str, Figures] = {}
    for database in databases(arguments.database):
        with _venue(database, settings, allowed, load_on) as (server, situations):
            situations[READING] = partial(_pages_read, server.port, arguments.readers)
            measured[database] = _measured(server, load, situations, arguments.rounds)
    loaded = {"connections": load.connections, "readers": arguments.readers, "seconds": load.seconds}
    figures: Figures = {"pinned": load_on is not None, "load": {"tool": load.tool, **loaded}, "databases": measured}
    report("order-entry-beside", conditions, figures, save=arguments.save)
    if broken := list(_broken(measured, {READING: arguments.min_reading}, arguments.min)):
        sys.exit("; ".join(broken))


@contextmanager
def _venue(
    database: str, settings: dict[str, str], allowed: list[int], load_on: int | None
) -> Iterator[tuple[RunningServer, dict[str, Situation]]]:
    """Serve on one of the databases, with what can happen to it."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="exchange-beside-")))
        settings = {**settings, "DATA_DIR": str(directory)}
        situations: dict[str, Situation]
        if database == "postgresql":
            cluster = stack.enter_context(running_cluster(fsync=True, processor=load_on))
            settings["DATABASE_URL"] = cluster.url
            situations = {"hung": cluster.frozen, "gone": lambda: _gone(cluster)}
        else:
            situations = {"locked": lambda: _locked(directory / "exchange.db")}
        yield stack.enter_context(exchange_server(processors=allowed, environment=settings)), situations


def _measured(server: RunningServer, load: Load, situations: dict[str, Situation], rounds: int) -> Figures:
    rates: dict[str, list[Rate]] = {name: [] for name in ("alone", *situations)}
    with LagWatch(server.port) as lags:
        load.put_on(server.port, PATH)
        for _ in range(rounds):
            for name, situation in {"alone": nullcontext, **situations}.items():
                # What one situation left undone must not burden the next.
                lags.wait_caught_up(CATCH_UP_SECONDS_MAX)
                with situation():
                    rates[name].append(load.put_on(server.port, PATH))
        caught_up = lags.wait_caught_up(CATCH_UP_SECONDS_MAX)
    alone = rates["alone"]
    return {
        "rates": {name: [rounded(rate) for rate in found] for name, found in rates.items()},
        "ratios": {name: _ratio(alone, rates[name]) for name in situations},
        "caught_up": caught_up,
    }


def _ratio(alone: list[Rate], beside: list[Rate]) -> float:
    pairs = zip(alone, beside, strict=True)
    return round(
        statistics.median(after.requests_per_second / before.requests_per_second for before, after in pairs), 3
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a SQLite file."""
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        connection.close()


@contextmanager
def _gone(cluster: PostgresCluster) -> Iterator[None]:
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


@contextmanager
def _pages_read(port: int, readers: int) -> Iterator[None]:
    """Read pages of trades from as many clients, without a pause."""
    ended = Event()
    threads = [Thread(target=_read_pages, args=(port, ended), daemon=True) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _read_pages(port: int, ended: Event) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    while not ended.is_set():
        connection.request("GET", PAGE)
        connection.getresponse().read()
    connection.close()


def _broken(measured: dict[str, Figures], bounds: dict[str, float], bound: float) -> Iterator[str]:
    for database, found in measured.items():
        ratios = found["ratios"]
        assert isinstance(ratios, dict)
        for name, ratio in ratios.items():
            if ratio < bounds.get(name, bound):
                yield f"{database}, {name}: {ratio:.3f} of the rate alone is below {bounds.get(name, bound)}"
        if not found["caught_up"]:
            yield f"{database}: a follower was still behind {CATCH_UP_SECONDS_MAX} s after the load"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="order_entry_beside", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--seconds", type=int, default=4, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--min", type=float, default=0.0, help="the ratio to reach beside a database in trouble")
    parser.add_argument("--min-reading", type=float, default=0.0, help="the ratio to reach beside readers")
    parser.add_argument("--no-pin", dest="pin", action="store_false")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
