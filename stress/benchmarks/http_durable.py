"""A durable POST /orders against an app that validates the same body and does nothing, in one run on one machine.

usage: python -m stress.benchmarks.http_durable [--seconds S] [--rounds N] [--connections C] [--no-pin] [--save]

Both are served by one gunicorn worker with threads, both on the first processor with the load on the second (unless
--no-pin); the rounds alternate, so that both meet the same disturbances. The ratio is the median over the rounds.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from stress.benchmarks.conditions import Figures, conditions_now, report
from stress.benchmarks.http_load import Load, Rate, processors
from stress.server import RunningServer, exchange_server, python_on, serving
from stress.workloads import resting_and_crossing

PATH = "/api/v1/orders"
THREADS = 64
BODIES = 2_000


def main() -> None:
    """Measure, print, and fail if the ratio is below --min."""
    arguments = _arguments()
    conditions = conditions_now()
    allowed = processors()
    server_on, load_on = (allowed[0], allowed[1]) if arguments.pin and len(allowed) > 1 else (None, None)
    load = Load(resting_and_crossing(arguments.seed, "AAPL", BODIES), arguments.connections, arguments.seconds, load_on)
    with exchange_server(processor=server_on) as durable, _validating_server(server_on) as validating:
        rounds = [(load.post(durable.port, PATH), load.post(validating.port, PATH)) for _ in range(arguments.rounds)]
    ratio = statistics.median(ours.requests_per_second / theirs.requests_per_second for ours, theirs in rounds)
    figures: Figures = {
        "pinned": server_on is not None,
        "load": {"tool": load.tool, "connections": load.connections, "seconds": load.seconds},
        "durable": _by_round([ours for ours, _ in rounds]),
        "validating_only": _by_round([theirs for _, theirs in rounds]),
        "ratio": round(ratio, 3),
    }
    report("http-durable", conditions, figures, save=arguments.save)
    if ratio < arguments.min:
        sys.exit(f"ratio {ratio:.3f} is below {arguments.min}")


@contextmanager
def _validating_server(processor: int | None) -> Iterator[RunningServer]:
    application = "stress.benchmarks.validating_app:create_app()"
    served = ("--bind", "127.0.0.1:{port}", "--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS))
    command = python_on(processor, "-m", "gunicorn", *served, application)
    with (
        tempfile.TemporaryDirectory(prefix="validating-") as directory,
        serving(command, {}, ready_path="/readyz", log=Path(directory, "server.log")) as server,
    ):
        yield server


def _by_round(rates: list[Rate]) -> list[dict[str, float]]:
    return [{name: round(figure, 1) for name, figure in asdict(rate).items()} for rate in rates]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="http_durable", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=4, help="length of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-pin", dest="pin", action="store_false")
    parser.add_argument("--min", type=float, default=0.0, help="the ratio to reach")
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
