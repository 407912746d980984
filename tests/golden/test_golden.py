"""Golden scenarios: small streams of commands, and to the letter the events that they give.

They are there to be read: each directory holds ``about.md`` (the rule), ``commands.ndjson`` and ``events.ndjson``.
``GOLDEN_UPDATE=1`` writes the events anew; whoever does that reads the difference and knows why.
"""

import io
import os
from pathlib import Path

import pytest

from order_engine.streams.process import ProcessOptions, StandardStreams, process_stream

HERE = Path(__file__).resolve().parent
SCENARIOS = sorted(path.parent.name for path in HERE.glob("*/commands.ndjson"))


def events_of(scenario: Path) -> str:
    output, told = io.BytesIO(), io.StringIO()
    options = ProcessOptions(commands=str(scenario / "commands.ndjson"), events="-")
    summary = process_stream(options, StandardStreams(io.BytesIO(), output, told))
    assert summary.dead_letters == 0, told.getvalue()
    return output.getvalue().decode()


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 12


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_gives_exactly_its_events(name: str) -> None:
    scenario = HERE / name
    events = events_of(scenario)
    if os.environ.get("GOLDEN_UPDATE") == "1":
        (scenario / "events.ndjson").write_text(events, encoding="utf-8")

    assert events.splitlines() == (scenario / "events.ndjson").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_says_what_it_shows(name: str) -> None:
    assert (HERE / name / "about.md").read_text(encoding="utf-8").strip()
