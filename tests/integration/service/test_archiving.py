"""A server that archives while it trades starts, verifies and catches up as one that keeps everything."""

import json
from pathlib import Path

import pytest

from order_engine.journal.disk import LocalDisk
from order_engine.journal.segments import list_segments
from tests.integration.service.server_process import ServerProcess, buy, command_line, running, sell

SETTINGS = {"JOURNAL_SEGMENT_BYTES": "4096", "SNAPSHOT_INTERVAL_SEC": "1"}


def trade(server: ServerProcess, count: int) -> None:
    client = server.client()
    for _ in range(count):
        client.place(sell())
        client.place(buy())


def live(directory: Path) -> list[int]:
    return [segment.first_sequence for segment in list_segments(directory / "journal", LocalDisk())]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["archive", "remove"])
def test_old_segments_leave_the_journal_while_it_trades(tmp_path: Path, mode: str) -> None:
    directory = tmp_path / "data"
    with running(directory, JOURNAL_RETENTION=mode, **SETTINGS) as server:
        server.wait_ready()
        trade(server, 200)
        server.wait_until(lambda: len(live(directory)) == 1 or live(directory)[0] > 1)
        trade(server, 20)
        assert server.client().get("/health")["retention"] == "ok"
        server.kill()

    archived = list((directory / "archive").glob("*.journal"))
    assert bool(archived) == (mode == "archive")
    with running(directory, JOURNAL_RETENTION="keep", **SETTINGS) as server:
        client = server.wait_ready().client()
        assert client.place(sell())["sequence"] == 442
        server.terminate()
    verified = command_line(directory, "verify", "--json")
    found = json.loads(verified.stdout)
    if mode == "archive":
        assert (verified.returncode, found["sequence"], found["audit"]["behind"]) == (0, 442, 0), verified.stdout
    else:
        assert "the journal begins at" in found["found"]
        audited = json.loads(command_line(directory, "audit", "--verify", "--json").stdout)
        assert (audited["same"], audited["audit"]["entries"]) == (True, 442)
        assert "only the chain was checked" in audited["journal"]
