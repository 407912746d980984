"""``audit`` tells who did what and why an order ended, and finds every change of the log."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from order_engine.__main__ import main
from order_engine.followers.progress import AUDIT
from tests.integration.service.server_process import ROOT, Json, buy, running, sell
from tests.integration.service.tampering import END
from tests.integration.service.venues import venue, wait_followed
from tests.unit.exchange.exchanges import SECOND_NS, START_NS, FakeClock, wait_until

Audit = Callable[..., tuple[int, str]]


@pytest.fixture
def audit(directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Audit:
    """Run ``audit`` in this process; return its exit code and what it printed."""
    monkeypatch.setenv("DATA_DIR", str(directory))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{directory}/exchange.db")

    def run(*options: str) -> tuple[int, str]:
        code = main(["audit", *options])
        said = capsys.readouterr()
        return code, said.out or said.err

    return run


def log_of(directory: Path) -> Path:
    (path,) = (directory / "audit").iterdir()
    return path


def verified(audit: Audit) -> Json:
    code, said = audit("--verify", "--json")
    found: Json = json.loads(said)
    return {**found, "code": code}


def test_every_command_is_told_in_order(audit: Audit) -> None:
    code, said = audit()

    lines = said.splitlines()
    assert (code, len(lines)) == (0, END)
    assert lines[8] == (
        "9, 2 of 4, at 2023-11-14T22:14:20.000000Z: buyer asked to buy 10 AAPL at 100.00. Order 9 of buyer was "
        "accepted; order 9 of buyer bought 6 at 100.00 from order 2 of seller (trade 9-1); order 9 of buyer bought 4 "
        "at 100.00 from order 8 of seller (trade 9-2)."
    )


def test_order_is_told_with_why_it_ended(audit: Audit) -> None:
    assert audit("--order", "16")[1].splitlines()[-1] == (
        "Order 16 of buyer ended CANCELED at 2023-11-14T22:14:20.000000Z, by command 16, with 6 of 10 traded because "
        "it could not trade at once and was not to wait (ioc_remainder)."
    )
    told = audit("--order", "2")[1].splitlines()
    assert [line.split(",")[0] for line in told[:-1]] == ["2", "3", "9"]
    assert told[-1].startswith("Order 2 of seller ended FILLED at")
    assert audit("--order", "10")[1].splitlines()[-1] == "Order 10 of buyer is live and OPEN, with 0 of 5 traded."
    assert audit("--order", "4")[1].splitlines()[-1].endswith("the price is no multiple of the tick size (tick_size).")
    assert audit("--order", "99")[1] == "No such order 99 was found.\n"


def test_user_sees_what_they_did_and_what_concerned_their_orders(audit: Audit) -> None:
    told = audit("--user", "seller")[1].splitlines()

    assert [int(line.split(",")[0]) for line in told] == [2, 3, 5, 6, 8, 9, 16]
    assert audit("--user", "sell")[1] == ""


def test_since_and_json_for_scripts(audit: Audit) -> None:
    entries = [json.loads(line) for line in audit("--since", "2023-11-14T22:14:00Z", "--json")[1].splitlines()]

    assert [entry["sequence"] for entry in entries] == list(range(8, END + 1))
    assert entries[4]["orders"] == {"10": {"user": "buyer", "status": "OPEN", "quantity": "5", "filled": "0"}}
    assert audit("--since", "yesterday")[0] == 2


def test_untouched_log_is_verified(audit: Audit) -> None:
    found = verified(audit)

    assert (found["code"], found["same"], found["sequence"]) == (0, True, END)
    counts = found["audit"]
    assert (counts["entries"], counts["compared"], counts["behind"]) == (END, END, 0)


def test_edit_gap_and_cut_are_found_and_named(audit: Audit, directory: Path) -> None:
    path = log_of(directory)
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    edits = {
        "edited": content.replace(b"at 99.001", b"at 99.002", 1),
        "dropped": b"".join(lines[:5] + lines[6:]),
        "doubled": b"".join(lines[:5] + lines[4:]),
        "without its header": b"".join(lines[1:]),
    }
    for name, edited in edits.items():
        path.write_bytes(edited)
        found = verified(audit)
        assert (found["code"], found["same"]) == (1, False), name
        assert found["where"].startswith(f"{path}: at byte "), name


def test_log_that_is_deleted_or_cut_at_its_end_is_found_and_named(
    audit: Audit, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log_of(directory)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-3]))
    cut = verified(audit)
    assert (cut["code"], cut["where"]) == (1, str(path))
    assert (cut["expected"], cut["found"]) == (
        f"entries up to {END}, as the checkpoint says",
        f"the last one is {END - 3}",
    )

    shutil.rmtree(path.parent)
    assert (verified(audit)["code"], verified(audit)["found"]) == (1, "no entry")
    assert main(["verify", "--no-database"]) == 1
    assert f"where {path.parent}" in capsys.readouterr().out


def test_verify_compares_the_log_too(directory: Path, audit: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    path = log_of(directory)
    path.write_bytes(path.read_bytes().replace(b"seller", b"sellor", 1))

    assert main(["verify"]) == 1
    assert f"where {path}: at byte" in capsys.readouterr().out


def test_cut_log_is_whole_again_after_the_next_start(directory: Path, audit: Audit) -> None:
    path = log_of(directory)
    content = path.read_bytes()
    path.write_bytes(content[:-1_000])

    with venue(directory) as found:
        assert wait_followed(found) == END

    assert path.read_bytes() == content
    assert verified(audit)["audit"]["compared"] == END


def test_damaged_log_degrades_health_and_trading_goes_on(directory: Path) -> None:
    path = log_of(directory)
    path.write_bytes(path.read_bytes().replace(b"seller", b"sellor", 1))

    with venue(directory, clock=FakeClock(START_NS + 3_600 * SECOND_NS)) as found:
        client = found.app.test_client()
        wait_until(lambda: str(path) in found.progress.of(AUDIT).status)
        assert client.post("/orders", json=buy()).status_code == 201
        health = client.get("/health")
        assert (health.status_code, health.get_json()["status"]) == (200, "degraded")
        assert str(path) in health.get_json()["audit"]


def test_log_that_is_away_is_written_anew_the_same(directory: Path) -> None:
    path = log_of(directory)
    content = path.read_bytes()
    shutil.rmtree(path.parent)

    with venue(directory) as found:
        assert wait_followed(found) == END

    assert path.read_bytes() == content


def test_killed_server_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    for _ in range(3):
        with running(directory, SNAPSHOT_INTERVAL_SEC="0") as server:
            client = server.wait_ready().client()
            for _ in range(20):
                client.place(sell())
                client.place(buy())
            server.kill()

    with venue(directory) as found:
        end = wait_followed(found)
    command = [sys.executable, "-m", "order_engine", "audit", "--verify", "--json"]
    environment = {"DATA_DIR": str(directory), "PATH": ""}
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    counts = json.loads(finished.stdout)["audit"]
    assert (counts["compared"], counts["behind"]) == (end, 0)
    assert end == 121
