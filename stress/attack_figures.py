"""The table of docs/attacks.md: what each attack cost an earlier commit and costs now, from the kept result.

usage: python -m stress.attack_figures [--write]     prints the table, or puts it into docs/attacks.md
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
RESULT = PROJECT / "stress" / "results" / "attacks.json"
DOCUMENT = PROJECT / "docs" / "attacks.md"
BEGIN, END = "<!-- figures: python -m stress.attack_figures --write -->\n", "<!-- end of figures -->\n"
SIDES = ("then", "now")

Figures = dict[str, Any]  # Any: JSON


def table() -> str:
    """Write two rows an attack, one for each commit, and the conditions."""
    result: Figures = json.loads(RESULT.read_text(encoding="utf-8"))
    conditions = result["conditions"]
    lines = [
        "| attack | | responses | honest orders | memory | after a kill, ready again |",
        "|---|---|---|---|---|---|",
    ]
    for attack in result["attacks"]:
        lines += rows_of(attack)
    lines += ["", f"Then: {result['against']}; now: {conditions['commit']}. `{conditions['command']}`", ""]
    lines += [f"Machine: {conditions['machine']}; {conditions['python']}.", ""]
    return "\n".join(lines)


def rows_of(attack: Figures) -> Iterator[str]:
    """Write the rows of one attack."""
    for side in SIDES:
        found = attack[side]
        name = attack["attack"] if side == SIDES[0] else ""
        yield f"| {name} | {side} | {_responses(found)} | {_honest(found)} | {_memory(found)} | {_restart(found)} |"


def _responses(found: Figures) -> str:
    counted = ", ".join(f"{count:,} x {name}" for name, count in sorted(found["outcome"].items())) or "none"
    return counted if found["is_over"] else f"{counted}; **no end after {found['seconds']:.0f} s**"


def _honest(found: Figures) -> str:
    return "; ".join([*_deaths(found), *_waits(found)])


def _deaths(found: Figures) -> Iterator[str]:
    if found["kills"]:
        yield "**killed for memory**"
    elif found["died"]:
        yield "**a process died**"


def _waits(found: Figures) -> Iterator[str]:
    honest = found["honest"]
    if honest["orders"]:
        yield f"99 % within {_time(honest['percentile_99_ms'])}, all within {_time(honest['worst_ms'])}"
    else:
        yield "none was due"
    if found["refused"]:
        yield f"{found['refused']:,} refused"


def _memory(found: Figures) -> str:
    return f"{found['memory_peak_mib']:,} MiB"


def _restart(found: Figures) -> str:
    peak = f"{found['restart_memory_peak_mib']:,} MiB"
    seconds = found["restart_seconds"]
    if seconds is not None:
        return f"after {seconds:.1f} s, {peak}"
    reason = "killed for memory" if found["restart_kills"] else f"not within {found['restart_seconds_max']} s"
    return f"**{reason}**, {peak}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:,.1f} s"


def replaced(document: str) -> str:
    """Put the table between the markers of the document."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + table() + END + after


def main() -> None:
    """Print the table or write it."""
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())


if __name__ == "__main__":
    main()
