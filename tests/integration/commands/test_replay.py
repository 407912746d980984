"""``replay``: the state's hash at the journal's end or before it, also beside a running server."""

import json
from pathlib import Path

from tests.integration.commands.conftest import LAST_SEQUENCE, Run
from tests.integration.service.server_process import buy, running


def test_two_replays_agree_and_another_sequence_differs(run: Run, directory: Path) -> None:
    def replayed(*options: str) -> dict[str, object]:
        finished = run("replay", "--json", *options, DATA_DIR=str(directory))
        assert finished.code == 0, finished.err
        found: dict[str, object] = json.loads(finished.out)
        return found

    whole, part = replayed(), replayed("--to", "20")

    assert whole == replayed() == replayed("--to", str(LAST_SEQUENCE))
    assert (whole["sequence"], part["sequence"]) == (LAST_SEQUENCE, 20)
    assert whole["state_hash"] != part["state_hash"]


def test_text_has_a_line_for_each_field(run: Run, directory: Path) -> None:
    lines = run("replay", DATA_DIR=str(directory)).out.splitlines()

    assert lines[0] == f"sequence {LAST_SEQUENCE}"
    assert lines[1].startswith("state_hash ")
    assert len(lines[1].split()[1]) == 64


def test_journal_of_a_running_server_is_replayed(run: Run, directory: Path) -> None:
    with running(directory, SNAPSHOT_INTERVAL_SEC="0") as server:
        placed = server.wait_ready().client().place(buy())

        finished = run("replay", "--json", DATA_DIR=str(directory))

    assert json.loads(finished.out)["sequence"] == placed["sequence"]


def test_sequence_beyond_the_journal_is_refused(run: Run, directory: Path) -> None:
    finished = run("replay", "--to", "999", DATA_DIR=str(directory))

    assert (finished.code, finished.out) == (2, "")
    assert f"ends at {LAST_SEQUENCE}, before 999" in finished.err
