"""The service starts quickly, alone, and after any end of the last one; if it cannot start, it says why."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic

import pytest

from tests.integration.service.server_process import (
    GUNICORN,
    ROOT,
    SERVE,
    ServerProcess,
    buy,
    command_line,
    running,
    sell,
)

APP_PY = (SERVE[0], "app.py")
ONE_WORKER = (*GUNICORN, "--workers", "1", "--threads", "8", "--bind", "127.0.0.1:{port}", "app:app")
FOUR_WORKERS = (*GUNICORN, "-w", "4", "--bind", "127.0.0.1:{port}", "app:app")
READY_SECONDS_MAX = 15
pytestmark = pytest.mark.slow


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data-directory"


@pytest.fixture
def used(directory: Path) -> Path:
    """The data of a server that traded and was killed: all is in the journal, no snapshot was taken."""
    with running(directory) as server:
        client = server.wait_ready().client()
        client.place(sell())
        client.place(buy(quantity="4"))
        server.wait_followed()
        server.hang_up()
        server.kill()
    return directory


def segment(directory: Path) -> Path:
    (path,) = (directory / "journal").glob("*.journal")
    return path


def ended(server: ServerProcess) -> Iterator[str]:
    """Wait for a start that fails; yield its output."""
    assert server.wait_ended() != 0, server.log
    yield server.log


@pytest.mark.parametrize("command", [APP_PY, ONE_WORKER], ids=["python app.py", "gunicorn app:app"])
def test_every_way_to_serve_is_ready_soon_and_stops_in_good_order(directory: Path, command: Sequence[str]) -> None:
    begun = monotonic()
    with running(directory, command) as server:
        client = server.wait_ready().client()
        assert monotonic() - begun < READY_SECONDS_MAX
        assert client.place(buy())["status"] == "OPEN"
        server.wait_until(lambda: client.get("/health")["status"] == "ok")
        client.close()

        assert server.terminate() == 0

    with running(directory) as server:
        depth = server.wait_ready().client().get("/orderbook/AAPL")
        assert depth["bids"] == [["100.00", "10", 1]]
        assert "opens at sequence 2, recovered from the snapshot at 2" in server.log


def test_four_workers_fail_at_once_with_a_sentence(directory: Path) -> None:
    with running(directory, FOUR_WORKERS) as server:
        (said,) = ended(server)

    assert "Exactly one process may own a journal: two would serve split books." in said
    assert "--workers 1" in said


def test_second_server_on_the_same_directory_is_refused_and_the_first_goes_on(directory: Path) -> None:
    with running(directory) as first:
        client = first.wait_ready().client()
        with running(directory) as second:
            (said,) = ended(second)

        assert f"{directory} is in use by process " in said
        assert client.place(buy())["status"] == "OPEN"


def test_killed_server_leaves_all_that_it_answered(used: Path) -> None:
    with running(used) as server:
        client = server.wait_ready().wait_followed().client()
        assert "recovered from the snapshot at 0" in server.log
        assert [order["filled_quantity"] for order in client.get("/orders")["orders"]] == ["4", "4"]
        assert client.get("/orderbook/AAPL")["asks"] == [["100.00", "6", 1]]
        client.close()
        assert server.terminate() == 0
    assert command_line(used, "verify").returncode == 0


def test_damaged_journal_stops_the_start_with_file_offset_and_what_was_found(used: Path) -> None:
    path = segment(used)
    content = path.read_bytes()
    at = content.index(b"seller")
    path.write_bytes(content[:at] + b"S" + content[at + 1 :])

    with running(used) as server:
        (said,) = ended(server)

    assert f"{path}: at byte " in said
    assert "expected a payload of" in said
    assert "found" in said
    assert path.read_bytes() == content[:at] + b"S" + content[at + 1 :]


def test_torn_tail_is_cut_and_the_start_says_what(used: Path) -> None:
    path = segment(used)
    whole = path.read_bytes()
    path.write_bytes(whole + b"F1 d 00000")

    with running(used) as server:
        client = server.wait_ready().wait_followed().client()
        assert len(client.get("/orders")["orders"]) == 2
        assert f"{path}: cut 10 bytes from byte {len(whole)} on" in server.log
        assert path.read_bytes() == whole


def test_journal_that_was_deleted_stops_the_start_while_the_database_is_there(used: Path) -> None:
    segment(used).unlink()

    with running(used) as server:
        (said,) = ended(server)
    with running(used) as server:
        (again,) = ended(server)

    for text in (said, again):
        assert "projection_checkpoint: found journal " in text
        assert "up to sequence 3, but there is no journal in DATA_DIR: restore it, or name an empty database" in text
    assert not list((used / "journal").glob("*.journal")), "a start that fails must not begin a journal"


def test_database_ahead_of_the_journal_degrades_health_with_a_sentence(used: Path) -> None:
    path = segment(used)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"F1 ")])

    with running(used) as server:
        client = server.wait_ready().client()
        server.wait_until(lambda: "projection_checkpoint" in client.get("/health")["database"])

        assert "expected a sequence of at most 2, where the journal ends, found 3" in client.get("/health")["database"]
        assert client.place(buy())["status"] == "FILLED"


def test_server_started_from_elsewhere_takes_snapshots_too(directory: Path, tmp_path: Path) -> None:
    with running(directory, (SERVE[0], str(ROOT / "app.py")), work_directory=tmp_path) as server:
        client = server.wait_ready().client()
        client.place(buy())

        answered = client.ask("POST", "/admin/snapshot")

        assert answered.status == 201, answered
        found = json.loads(command_line(directory, "replay", "--json").stdout)
        assert found == {"sequence": 2, "state_hash": answered.content["state_hash"]}


def test_port_that_is_taken_ends_the_start_with_one_line(directory: Path) -> None:
    with running(directory) as server:
        server.wait_ready()
        finished = command_line(directory, "serve", PORT=str(server.port))

    assert finished.returncode == 2
    assert finished.stdout == ""
    assert len(finished.stderr.splitlines()) == 1
    assert f"HOST and PORT: found 127.0.0.1 and {server.port}" in finished.stderr
