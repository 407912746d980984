"""The README's table of measured figures, made from the kept results so that nobody types one.

usage: python -m stress.figures [--write]     prints the table, or puts it into README.md between its markers
"""

import json
import statistics
import sys
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
    durable, validating = http["durable"], http["validating_only"]
    rows = [
        (
            "Durable `POST /orders`, 64 connections",
            f"{_median(durable, 'requests_per_second'):,.0f}/s, median {_median(durable, 'median_ms'):.0f} ms, "
            f"99 % within {_median(durable, 'percentile_99_ms'):.0f} ms",
            http,
        ),
        (
            "The same against an endpoint that only validates",
            f"{http['ratio']:.2f} of its {_median(validating, 'requests_per_second'):,.0f}/s",
            http,
        ),
        ("The matching core alone", f"{core['synthetic']['messages_per_second']:,.0f} commands/s", core),
        (
            "Plain orders now against before stops, icebergs, sessions, bands and limits came",
            f"{against['synthetic']['ratio']:.2f} of what it was, turn by turn in one run",
            against,
        ),
    ]
    if (RESULTS / "soak.json").exists():
        rows.append(_soaked(_result("soak")))
    lines = ["| what | measured | command, commit |", "|---|---|---|"]
    for what, measured, result in rows:
        conditions = result["conditions"]
        lines.append(f"| {what} | {measured} | `{conditions['command']}`, {conditions['commit']} |")
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


def _soaked(result: Result) -> tuple[str, str, Result]:
    *loaded, settled = result["samples"]
    memory = [statistics.median(sample["memory"] for sample in part) / MIB for part in early_and_late(loaded)]
    journal = max(sample["journal"] for sample in loaded) / MIB
    lag = max(sample["database_lag"] for sample in loaded)
    measured = (
        f"memory from {memory[0]:.0f} to {memory[1]:.0f} MiB, journal never more than {journal:.0f} MiB, "
        f"database at most {lag:,} commands behind"
    )
    return f"{settled['second'] // 60} minutes of load, {settled['sequence']:,} commands", measured, result


def _result(name: str) -> Result:
    result: Result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return result


def _median(rounds: list[dict[str, float]], figure: str) -> float:
    return statistics.median(one[figure] for one in rounds)


if __name__ == "__main__":
    main()
