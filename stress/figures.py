"""The README's table of measured figures, generated from the kept results, never typed by hand.

usage: python -m stress.figures [--write]     prints the table, or puts it into README.md between its markers
"""

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from stress.gauges import MIB
from stress.soak import early_and_late

PROJECT = Path(__file__).resolve().parents[1]
RESULTS = PROJECT / "stress" / "results"
README = PROJECT / "README.md"
BEGIN, END = "<!-- figures: python -m stress.figures --write -->\n", "<!-- end of figures -->\n"

Result = dict[str, Any]  # Any: JSON


def table() -> str:
    """Write the table, with the command, commit and machine behind each figure."""
    http, core, against = _result("http-durable"), _result("core-flow"), _result("core-against")
    rows = [
        *_durable(http),
        ("The matching core alone", f"{core['synthetic']['messages_per_second']:,.0f} commands/s", core),
        *_core_against(against),
    ]
    for name, rows_of in _OPTIONAL.items():
        if (RESULTS / f"{name}.json").exists():
            rows += rows_of(_result(name))
    runs = list(dict.fromkeys(_run(result) for _, _, result in rows))
    lines = ["| what | measured | run |", "|---|---|---|"]
    lines += [f"| {what} | {measured} | {runs.index(_run(result)) + 1} |" for what, measured, result in rows]
    lines += ["", "The runs, each with its commit:", "", *(f"{number}. {run}" for number, run in enumerate(runs, 1))]
    return "\n".join([*lines, "", f"Machine: {http['conditions']['machine']}; {http['conditions']['python']}.", ""])


def replaced(readme: str) -> str:
    """Put the table between the markers of a README."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


def main() -> None:
    """Print the table or write it."""
    if "--write" in sys.argv[1:]:
        README.write_text(replaced(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())


def _run(result: Result) -> str:
    conditions = result["conditions"]
    return f"`{conditions['command']}`, {conditions['commit']}"


def _core_against(against: Result) -> Iterator[tuple[str, str, Result]]:
    what = f"The matching core against that of {against['against'][:7]}, turn by turn in one run"
    ratios = f"{against['synthetic']['ratio']:.2f} of its rate"
    if public := next((found for name, found in against.items() if name.startswith("flow-")), None):
        ratios += f", {public['ratio']:.2f} with the flow of the public benchmark"
    yield what, ratios, against


def _durable(http: Result) -> Iterator[tuple[str, str, Result]]:
    load = http["load"]
    for name, found in {http.get("database", "sqlite"): http, **http.get("other_databases", {})}.items():
        where = " on PostgreSQL" if name == "postgresql" else ""
        validating = _median(found["validating_only"], "requests_per_second")
        yield f"Durable `POST /orders`{where}, {load['connections']} connections", _speed(found["durable"]), http
        yield (
            f"The same{where} against an endpoint that only validates",
            f"{found['ratio']:.2f} of its {validating:,.0f}/s",
            http,
        )
        for count, rounds in found.get("by_connections", {}).items():
            clients = "one client alone" if count == "1" else f"{int(count):,} connections"
            yield f"Durable `POST /orders`{where}, {clients}", _speed(rounds), http
        if lags := found.get("lag_max"):
            yield f"Followers{where}, under that load", f"at most {max(lags.values()):,} commands behind", http


def _speed(rounds: list[dict[str, float]]) -> str:
    within = [
        f"{part} % within {_median(rounds, f'percentile_{part}_ms'):,.0f} ms"
        for part in (95, 99)
        if f"percentile_{part}_ms" in rounds[0]
    ]
    speed = f"{_median(rounds, 'requests_per_second'):,.0f}/s, median {_median(rounds, 'median_ms'):.1f} ms"
    return ", ".join([speed, *within])


def _stalled(result: Result) -> Iterator[tuple[str, str, Result]]:
    orders = f"{result['orders']:,} live orders"
    for name, found in result["databases"].items():
        where = " on PostgreSQL" if name == "postgresql" else ""
        without, during = (
            _median(found[part], "percentile_99_9_ms") for part in ("without_snapshots", "with_snapshots")
        )
        taken = statistics.median(found["snapshot_seconds"])
        yield (
            f"{orders}{where}: ready from a snapshot",
            f"{found['ready_seconds']:.1f} s; {found['bytes_an_order']} bytes an order in the exchange process",
            result,
        )
        yield (
            f"{orders}{where}: orders while snapshots are taken, each in {taken:.1f} s",
            f"99.9 % within {during:.0f} ms, without snapshots {without:.0f} ms",
            result,
        )


def _beside(result: Result) -> Iterator[tuple[str, str, Result]]:
    load = result["load"]
    beside = {
        "locked": "SQLite locked",
        "hung": "PostgreSQL hung",
        "gone": "PostgreSQL gone",
        "reading": f"{load['readers']} clients that read pages of 1,000 trades",
    }
    for name, found in result["databases"].items():
        where = " on PostgreSQL" if name == "postgresql" else ""
        ratios = ", ".join(f"{ratio:.2f} beside {beside[situation]}" for situation, ratio in found["ratios"].items())
        yield f"Order entry{where}, {load['connections']} connections, as a part of its usual rate", ratios, result


def _against(result: Result) -> Iterator[tuple[str, str, Result]]:
    for count, found in result["connections"].items():
        clients = "one client alone" if count == "1" else f"{int(count):,} connections"
        yield (
            f"Durable `POST /orders`, {clients}, against {result['against']}, which served with threads",
            f"{found['ratio']:.2f} of its {_median(found['before'], 'requests_per_second'):,.0f}/s",
            result,
        )


def _fanned_out(result: Result) -> Iterator[tuple[str, str, Result]]:
    late, rate = result["durable_to_received_ms"], result["orders_per_second"]
    lost = result["out_of_order"] + result["snapshots_again"]
    yield (
        f"{result['subscribers']:,} subscribers of {result['symbols']} books, {rate:,} orders/s, "
        "on one processor with the feeds: from durable to received",
        f"median {late['p50']:.0f} ms, 99 % within {late['p99']:.0f} ms; of {result['updates_received']:,} updates "
        f"{lost or 'none'} missing or out of order",
        result,
    )
    ratio = f"{result['ratio']:.2f}"
    yield "The same: order entry, 64 connections, as a part of its rate without subscribers", ratio, result


def _over_socket(result: Result) -> Iterator[tuple[str, str, Result]]:
    posted = statistics.median(result["posts"]["per_second"])
    yield (
        f"Orders over `/ws/orders`, {result['connections']} connections, against single `POST /orders` of such clients",
        f"{result['ratio_with_one_in_flight']:.2f} of {posted:,.0f}/s with one order in flight on each connection, "
        f"{result['ratio']:.2f} with {result['in_flight']}",
        result,
    )


def _soaked(result: Result) -> Iterator[tuple[str, str, Result]]:
    *loaded, settled = result["samples"]
    memory = [statistics.median(sample["memory"] for sample in part) / MIB for part in early_and_late(loaded)]
    journal = max(sample["journal"] for sample in loaded) / MIB
    lag = max(sample["database_lag"] for sample in loaded)
    measured = (
        f"memory from {memory[0]:.0f} to {memory[1]:.0f} MiB, journal never more than {journal:.0f} MiB, "
        f"database at most {lag:,} commands behind"
    )
    yield f"{settled['second'] // 60} minutes of load, {settled['sequence']:,} commands", measured, result


def _besieged(result: Result) -> Iterator[tuple[str, str, Result]]:
    honest = result["honest"]
    yield (
        f"{result['seconds'] / 60:.0f} minutes of {result['attacks']} [attacks](docs/attacks.md) on one processor and "
        f"{result['memory_mib']} MiB: an honest client's {result['honest_orders']:,} orders",
        f"99 % within {honest['percentile_99_ms']:,.0f} ms, all within {honest['worst_ms']:,.0f} ms, "
        f"{result['orders_missing'] or 'none'} lost",
        result,
    )
    yield (
        "The same: memory of all processes",
        f"at most {result['memory_peak_mib']} MiB; {result['restart_memory_peak_mib']} MiB at the restart, "
        f"ready after {result['restart_ready_seconds']:.1f} s",
        result,
    )


def _bounded(result: Result) -> Iterator[tuple[str, str, Result]]:
    cases = result["cases"]
    sizes = [int(size) for size in next(iter(cases.values()))["microseconds_a_command"]]
    growths = {name: case["growth"] for name, case in cases.items()}
    most = max(growths, key=growths.__getitem__)
    yield (
        f"A command of {len(cases)} kinds beside {', '.join(f'{size:,}' for size in sizes)} orders of its kind: "
        "the dearest of these against the cheapest",
        f"{statistics.median(growths.values()):.2f} times at the median, at most {growths[most]:.2f} ({most})",
        result,
    )


def _result(name: str) -> Result:
    result: Result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def _median(rounds: list[dict[str, float]], figure: str) -> float:
    return statistics.median(one[figure] for one in rounds)


# What may have been measured besides, in the order of the table.
_OPTIONAL: dict[str, Callable[[Result], Iterator[tuple[str, str, Result]]]] = {
    "http-against": _against,
    "order-entry-beside": _beside,
    "order-socket": _over_socket,
    "feed-fanout": _fanned_out,
    "snapshot-stall": _stalled,
    "soak": _soaked,
    "siege": _besieged,
    "bounded-cost": _bounded,
}

if __name__ == "__main__":
    main()
