"""The conditions of a measurement, without which a figure means nothing."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RESULTS = PROJECT / "stress" / "results"

Figures = dict[str, object]


def conditions_now() -> Figures:
    """Return command, commit, Python, machine, its load and the time; ask before the measurement adds its own load."""
    return {
        "command": " ".join(["python", "-m", *_module_and_arguments()]),
        "commit": _commit(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def report(name: str, conditions: Figures, figures: Figures, *, save: bool) -> None:
    """Print figures with their conditions; with ``save`` keep them in stress/results as well."""
    whole = json.dumps({"conditions": conditions, **figures}, indent=2)
    print(whole)
    if save:
        path = RESULTS / f"{name}.json"
        path.write_text(whole + "\n", encoding="utf-8")
        print(f"saved to {path.relative_to(PROJECT)}", file=sys.stderr)


def _module_and_arguments() -> list[str]:
    script = Path(sys.argv[0]).resolve()
    inside = script.is_relative_to(PROJECT)
    module = ".".join(script.relative_to(PROJECT).with_suffix("").parts) if inside else script.stem
    return [module, *(Path(word).name if word.startswith("/") else word for word in sys.argv[1:])]


def _commit() -> str:
    try:
        commit = _git("describe", "--always", "--abbrev=12")
        # Kept figures do not change what is measured.
        return f"{commit}-dirty" if _git("status", "--porcelain", "--", ".", ":!stress/results") else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*words: str) -> str:
    command = ["git", "-C", str(PROJECT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
