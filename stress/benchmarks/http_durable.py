"""A durable POST /orders against an app that validates the same body and does nothing, in one run on one machine.

usage: python -m stress.benchmarks.http_durable [--connections 64,16,256,1000,1] [--database sqlite|postgresql|both]
    [--paths] [--seconds S] [--rounds N] [--min RATIO] [--lag-max N] [--no-pin] [--save]

The exchange keeps to the first processor (EXCHANGE_CPU), and so does the other app. The load, the exchange's followers
and PostgreSQL share the second. Rounds alternate, so that disturbances hit both apps; the ratio is the median
over the rounds. It is taken at the first number of connections; with the other numbers the exchange runs alone. With
--paths the market's reads are measured too: by themselves, and beside as many clients that post.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from stress.benchmarks.conditions import Figures, conditions_now, report
from stress.benchmarks.http_load import Load, Rate, parted_processors, processors
from stress.health import LagWatch
from stress.postgres_cluster import PostgresUnavailable, newest_binaries, running_cluster
from stress.server import RunningServer, exchange_server, python_on, serving
from stress.workloads import resting_and_crossing

PATH = "/api/v1/orders"
READS = ("/api/v1/market/AAPL/depth", "/api/v1/bbo/AAPL")
THREADS = 64
BODIES = 2_000
CATCH_UP_SECONDS_MAX = 120


def main() -> None:
    """Measure, print, and fail if a bound that was given is not kept."""
    arguments = _arguments()
    conditions = conditions_now()
    allowed = processors()
    server_on, load_on = parted_processors(allowed) if arguments.pin else (None, None)
    bodies = resting_and_crossing(arguments.seed, "AAPL", BODIES)
    load = Load(bodies, arguments.connections[0], arguments.seconds, load_on)
    measured = {name: _measured(name, load, server_on, allowed, arguments) for name in databases(arguments.database)}
    first, *others = measured
    figures: Figures = {
        "pinned": load_on is not None,
        "database": first,
        "load": {"tool": load.tool, "connections": load.connections, "seconds": load.seconds},
        **measured[first],
        "other_databases": {name: measured[name] for name in others},
    }
    report("http-durable", conditions, figures, save=arguments.save)
    if broken := [rule for name, found in measured.items() for rule in _broken(name, found, arguments)]:
        sys.exit("; ".join(broken))


def _measured(
    database: str, load: Load, server_on: int | None, allowed: list[int], arguments: argparse.Namespace
) -> Figures:
    with ExitStack() as stack:
        venue = stack.enter_context(_exchange(database, server_on, load.processor, allowed))
        other = stack.enter_context(_validating_server(server_on))
        lags = stack.enter_context(LagWatch(venue.port))
        rounds = [(load.put_on(venue.port, PATH), load.put_on(other.port, PATH)) for _ in range(arguments.rounds)]
        by_connections = {
            str(count): _rounds(replace(load, connections=count), venue.port, PATH, arguments.rounds)
            for count in arguments.connections[1:]
        }
        reads = {path: _read(load, venue.port, path, arguments.rounds) for path in READS} if arguments.paths else {}
        caught_up = lags.wait_caught_up(CATCH_UP_SECONDS_MAX)
    ratio = statistics.median(ours.requests_per_second / theirs.requests_per_second for ours, theirs in rounds)
    return {
        "durable": [rounded(ours) for ours, _ in rounds],
        "validating_only": [rounded(theirs) for _, theirs in rounds],
        "ratio": round(ratio, 3),
        "by_connections": by_connections,
        "reads": reads,
        "lag_max": lags.worst,
        "caught_up": caught_up,
    }


def _rounds(load: Load, port: int, path: str, rounds: int) -> list[dict[str, float]]:
    return [rounded(load.put_on(port, path)) for _ in range(rounds)]


def _read(load: Load, port: int, path: str, rounds: int) -> Figures:
    """Read one path by all clients, then by half of them while the other half posts."""
    alone = _rounds(replace(load, bodies=[]), port, path, rounds)
    half = replace(load, connections=max(1, load.connections // 2))
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(_rounds, half, port, PATH, rounds)
        beside = _rounds(replace(half, bodies=[]), port, path, rounds)
    return {"alone": alone, "beside_orders": beside, "orders_beside": posting.result()}


@contextmanager
def _exchange(database: str, server_on: int | None, load_on: int | None, allowed: list[int]) -> Iterator[RunningServer]:
    settings = {"MAX_CONNECTIONS": "2000"}
    if server_on is not None:
        settings["EXCHANGE_CPU"] = str(server_on)
    with ExitStack() as stack:
        if database == "postgresql":
            cluster = stack.enter_context(running_cluster(fsync=True, processor=load_on))
            settings["DATABASE_URL"] = cluster.url
        yield stack.enter_context(exchange_server(processors=allowed, environment=settings))


@contextmanager
def _validating_server(processor: int | None) -> Iterator[RunningServer]:
    application = "stress.benchmarks.validating_app:create_app()"
    served = ("--bind", "127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS))
    command = python_on([] if processor is None else [processor], "-m", "gunicorn", *served, application)
    with (
        tempfile.TemporaryDirectory(prefix="validating-") as directory,
        serving(command, {}, ready_path="/readyz", log=Path(directory, "server.log")) as server,
    ):
        yield server


def databases(asked: str) -> list[str]:
    """Return the databases to measure on, of those asked for only what this machine has."""
    if asked != "both":
        return [asked]
    try:
        newest_binaries()
    except PostgresUnavailable as error:
        print(f"SQLite only: {error}", file=sys.stderr)
        return ["sqlite"]
    return ["sqlite", "postgresql"]


def _broken(database: str, found: Figures, arguments: argparse.Namespace) -> Iterator[str]:
    ratio, lags = found["ratio"], found["lag_max"]
    assert isinstance(ratio, float)
    assert isinstance(lags, dict)
    if ratio < arguments.min:
        yield f"{database}: ratio {ratio:.3f} is below {arguments.min}"
    if not lags and arguments.lag_max < float("inf"):
        yield f"{database}: /health gives no lag"
    for name, lag in lags.items():
        if lag > arguments.lag_max:
            yield f"{database}: {name} was {lag:,} commands behind"
    if not found["caught_up"]:
        yield f"{database}: a follower was still behind {CATCH_UP_SECONDS_MAX} s after the load"


def rounded(rate: Rate) -> dict[str, float]:
    """Return the figures of a round, in tenths."""
    return {name: round(figure, 1) for name, figure in asdict(rate).items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="http_durable", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=4, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=counts, default=[64, 16, 256, 1000, 1], help="the first is compared")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--paths", action="store_true", help="measure GET depth and bbo too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-pin", dest="pin", action="store_false")
    parser.add_argument("--min", type=float, default=0.0, help="the ratio to reach")
    parser.add_argument("--lag-max", type=float, default=float("inf"), help="how far a follower may be behind")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


def counts(text: str) -> list[int]:
    """Read numbers of connections, separated by commas."""
    return [int(count) for count in text.split(",")]


if __name__ == "__main__":
    main()
