"""Messages a second through the matching core alone: no journal, no HTTP, one thread.

usage: python -m stress.benchmarks.core_flow [--rounds N] [--messages N] [--save] [flow-normal.bin.xz]

Always measures a synthetic flow of its own (seeded). Also measures a flow file of the public benchmark, if one is
named or lies in the directory CONFORMANCE_DATA, and prints the SHA-256 of its reports.
"""

import argparse
import gc
import hashlib
import os
import statistics
import time
from itertools import islice
from pathlib import Path

from order_engine.matching.commands import (
    AmendOrder,
    CancelOrder,
    Command,
    OrderType,
    PlaceOrder,
    Side,
    TimeInForce,
)
from order_engine.matching.engine import MatchingEngine
from stress.benchmarks.conditions import Figures, conditions_now, report
from stress.benchmarks.flow_file import FlowTranslator, read_messages
from stress.workloads import Action, ActionKind, Body, OrderFlow

FLOW_FILES = ("flow-normal.bin", "flow-normal.bin.xz")
BENCHMARK_SYMBOLS = [f"S{number}" for number in range(10)]
USERS = [f"user{number}" for number in range(100)]


def main() -> None:
    """Measure what the command line names."""
    arguments = _arguments()
    conditions = conditions_now()
    figures: Figures = {"synthetic": measured(synthetic_commands(arguments.messages, arguments.seed), arguments.rounds)}
    path = arguments.flow_file or _flow_file_nearby()
    if path is not None:
        figures[path.name] = flow_file_figures(path, arguments.rounds)
    report(
        "core-flow", conditions, {"rounds": arguments.rounds, "seed": arguments.seed, **figures}, save=arguments.save
    )


def flow_file_figures(path: Path, rounds: int) -> Figures:
    """Measure a flow file, and digest the reports it leads to."""
    translator = FlowTranslator()
    digest = hashlib.sha256()
    line_count = 0
    for message in read_messages(path):
        for line in translator.report(message):
            digest.update(b"\n" + line.encode() if line_count else line.encode())
            line_count += 1
    commands, translator = translator.commands, FlowTranslator()
    return {**measured(commands, rounds), "report_lines": line_count, "report_sha256": digest.hexdigest()}


def measured(commands: list[Command], rounds: int) -> Figures:
    """Apply the commands to a fresh engine, round by round."""
    seconds = [_seconds(commands) for _ in range(rounds)]
    return {
        "messages": len(commands),
        "messages_per_second": round(len(commands) / statistics.median(seconds)),
        "messages_per_second_by_round": [round(len(commands) / taken) for taken in seconds],
    }


def _seconds(commands: list[Command]) -> float:
    apply = MatchingEngine().apply
    gc.collect()
    gc.freeze()
    started = time.perf_counter()
    for sequence, command in enumerate(commands, start=1):
        apply(command, sequence, sequence)
    taken = time.perf_counter() - started
    gc.unfreeze()
    return taken


def synthetic_commands(count: int, seed: int) -> list[Command]:
    """Return the first commands of a seeded flow."""
    return [_command(action) for action in islice(OrderFlow(seed, BENCHMARK_SYMBOLS, USERS), count)]


def _command(action: Action) -> Command:
    body = action.body
    if action.kind is ActionKind.CANCEL:
        return CancelOrder(order_id=action.client_order_id)
    if action.kind is ActionKind.AMEND:
        return AmendOrder(
            order_id=action.client_order_id, price_e8=_price_e8(body), quantity_e8=_whole_e8(body["quantity"])
        )
    return PlaceOrder(
        symbol=str(body["symbol"]),
        side=Side(str(body["side"])),
        quantity_e8=_whole_e8(body["quantity"]),
        price_e8=_price_e8(body),
        order_type=OrderType(str(body.get("type", OrderType.LIMIT))),
        time_in_force=TimeInForce(str(body.get("time_in_force", TimeInForce.GTC))),
        post_only=bool(body.get("post_only", False)),
        user_id=str(body["user_id"]),
        order_id=action.client_order_id,
    )


def _price_e8(body: Body) -> int | None:
    price = body.get("price")
    return None if price is None else int(str(price).replace(".", "")) * 10**6


def _whole_e8(quantity: str | bool) -> int:
    return int(quantity) * 10**8


def _flow_file_nearby() -> Path | None:
    directory = os.environ.get("CONFORMANCE_DATA")
    if not directory:
        return None
    candidates = [Path(directory, name) for name in FLOW_FILES]
    return next((path for path in candidates if path.exists()), None)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="core_flow", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("flow_file", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=200_000, help="length of the synthetic flow")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
