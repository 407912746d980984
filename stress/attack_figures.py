"""The table of what each attack cost an earlier commit and costs now, from the kept result.

usage: python -m stress.attack_figures
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
RESULT = PROJECT / "stress" / "results" / "attacks.json"
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
        lines += _rows(attack)
    lines += ["", f"Then: {result['against']}; now: {conditions['commit']}. `{conditions['command']}`", ""]
    lines += [f"Machine: {conditions['machine']}; {conditions['python']}.", ""]
    return "\n".join(lines)


def _rows(attack: Figures) -> Iterator[str]:
    for side in SIDES:
        found = attack[side]
        name = attack["attack"] if side == SIDES[0] else ""
        yield f"| {name} | {side} | {_responses(found)} | {_honest(found)} | {_memory(found)} | {_restart(found)} |"


def _responses(found: Figures) -> str:
    counted = ", ".join(f"{count:,} x {name}" for name, count in sorted(found["outcome"].items()))
    return counted if found["is_over"] else f"{counted or 'none'}; not over after {found['seconds']:.0f} s"


def _honest(found: Figures) -> str:
    honest = found["honest"]
    if not honest["orders"]:
        return "**the server died**" if found["died"] else "none was due"
    waited = f"99 % within {_time(honest['percentile_99_ms'])}, all within {_time(honest['worst_ms'])}"
    refused = f"; {found['refused']:,} refused" if found["refused"] else ""
    return f"**the server died**; {waited}{refused}" if found["died"] else waited + refused


def _memory(found: Figures) -> str:
    return f"{found['memory_peak_mib']:,} MiB"


def _restart(found: Figures) -> str:
    peak = f"{found['restart_memory_peak_mib']:,} MiB"
    seconds = found["restart_seconds"]
    return f"**never**, {peak}" if seconds is None else f"after {seconds:.1f} s, {peak}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:,.1f} s"


def main() -> None:
    """Print the table."""
    print(table())


if __name__ == "__main__":
    main()
