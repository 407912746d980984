"""Golden scenarios: small streams of commands, and the exact events that they give.

They are documents too: each directory has ``about.md`` (the rule), ``commands.ndjson`` and ``events.ndjson``, some
also the final ``book.json`` or the ``settings.json`` that they need. ``GOLDEN_UPDATE=1`` writes the events again; read
the difference, and know the reason for each.
"""

import io
import json
import os
from itertools import pairwise, product
from pathlib import Path

import msgspec
import pytest

from order_engine.matching.commands import Configure, SessionState
from order_engine.matching.events import OrderStatus
from order_engine.matching.reason import Reason
from order_engine.streams.ndjson_lines import NAMES
from order_engine.streams.process import ProcessOptions, StandardStreams, process_stream

HERE = Path(__file__).resolve().parent
SCENARIOS = sorted(path.parent.name for path in HERE.glob("*/commands.ndjson"))
SCENARIOS_WITH_BOOK = sorted(path.parent.name for path in HERE.glob("*/book.json"))
NOT_SHOWN = {
    OrderStatus.FILLED: "a trade's line names its orders, and no more",
    Reason.DISCONNECT: "a stream has no connection to lose",
    "configured": "a stream has no command for it",
}


def events_of(scenario: Path, book: str | None = None) -> str:
    output, told = io.BytesIO(), io.StringIO()
    path = scenario / "settings.json"
    settings = msgspec.json.decode(path.read_bytes(), type=Configure) if path.exists() else Configure()
    options = ProcessOptions(commands=str(scenario / "commands.ndjson"), events="-", book=book, settings=settings)
    summary = process_stream(options, StandardStreams(io.BytesIO(), output, told))
    assert summary.dead_letters == 0, told.getvalue()
    return output.getvalue().decode()


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 70


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_gives_exactly_its_events(name: str) -> None:
    scenario = HERE / name
    events = events_of(scenario)
    if os.environ.get("GOLDEN_UPDATE") == "1":
        (scenario / "events.ndjson").write_text(events, encoding="utf-8")

    assert events.splitlines() == (scenario / "events.ndjson").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", SCENARIOS_WITH_BOOK)
def test_scenario_leaves_exactly_its_book(name: str, tmp_path: Path) -> None:
    book = tmp_path / "book.json"

    events_of(HERE / name, str(book))

    assert book.read_text(encoding="utf-8") == (HERE / name / "book.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario_says_what_it_shows(name: str) -> None:
    assert (HERE / name / "about.md").read_text(encoding="utf-8").strip()


def recorded(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (HERE / name / "events.ndjson").read_text(encoding="utf-8").splitlines()]


def test_scenarios_show_every_event_reason_and_status() -> None:
    lines = [line for name in SCENARIOS for line in recorded(name)]

    shown = {line[key] for line in lines for key in ("event", "reason", "status") if line.get(key)}

    assert {*NAMES.values(), *Reason, *OrderStatus} - shown == set(NOT_SHOWN)


def test_scenario_of_states_goes_from_every_state_to_every_other() -> None:
    states = ["OPEN", *(line["state"] for line in recorded("session_states") if line["event"] == "state")]

    assert set(pairwise(states)) == set(product(map(str, SessionState), repeat=2))
