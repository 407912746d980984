"""``rebuild`` fills the database from the journal, archived segments included, and ``verify`` agrees."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from order_engine.__main__ import main
from order_engine.database.database import Database
from order_engine.database.database_url import parse_database_url
from order_engine.database.errors import ForeignCheckpoint
from order_engine.exchange.applied import Applied
from order_engine.followers.sql.rebuilding import rebuild
from tests.integration.service.tampering import COUNTS, END, execute, trade_for_two_minutes
from tests.integration.service.venues import venue, wait_followed
from tests.unit.exchange.exchanges import START_NS, FakeClock, wait_until


@pytest.fixture
def directory(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data of a venue with archived segments and a damaged database."""
    clock = FakeClock(START_NS)
    with venue(tmp_path, clock=clock, DATABASE_URL=database_url, JOURNAL_SEGMENT_BYTES="1024") as found:
        trade_for_two_minutes(found, clock)
        assert wait_followed(found) == END
    with venue(tmp_path, clock=clock, DATABASE_URL=database_url) as found:
        assert wait_followed(found) == END
        wait_until(lambda: found.progress.covered_sequence() == END)
        found.retention.retire()
    assert list((tmp_path / "archive").iterdir())
    execute(database_url, "UPDATE orders SET status = 'OPEN'")
    execute(database_url, "DELETE FROM trades WHERE sequence < 10")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url)
    return tmp_path


def verified(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    code = main(["verify", "--json"])
    return {**json.loads(capsys.readouterr().out), "code": code}


def test_rebuilt_database_is_the_same_again(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(capsys)["code"] == 1

    assert main(["rebuild", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"records": 13, "sequence": END}
    found = verified(capsys)
    assert (found["code"], found["database"], found["snapshots"]) == (0, COUNTS, 2)


def test_trading_goes_on_after_a_rebuilding_that_was_interrupted(directory: Path, database_url: str) -> None:
    with venue(directory, DATABASE_URL=database_url) as found:
        history = list(found.recovery.history(0, END))
        journal_id = found.recovery.journal_id()
    assert journal_id is not None

    def interrupted() -> Iterator[Applied]:
        yield from history[:5]
        raise KeyboardInterrupt

    database = Database(database_url)
    with pytest.raises(KeyboardInterrupt):
        rebuild(database, journal_id, interrupted())
    database.close()

    with venue(directory, DATABASE_URL=database_url) as found:
        assert wait_followed(found) == END
    if database_url.startswith("sqlite"):
        # The new database is another file, and the old one stays until the new one is complete.
        assert main(["verify"]) == 1
        assert main(["rebuild"]) == 0
    assert main(["verify"]) == 0


def test_running_server_is_not_disturbed(
    directory: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with venue(directory, DATABASE_URL=database_url):
        assert main(["rebuild"]) == 2

    assert "is in use by process" in capsys.readouterr().err


def test_damaged_journal_leaves_the_database_as_it_is(
    directory: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = sorted((directory / "archive").iterdir())[0]
    path.write_bytes(path.read_bytes().replace(b"seller", b"sellor", 1))

    assert main(["rebuild"]) == 2

    assert f"{path}: at byte" in capsys.readouterr().err
    engine = create_engine(parse_database_url(database_url))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM orders")).scalar_one() == COUNTS["orders"]
    engine.dispose()


def test_database_of_another_journal_is_left_alone(directory: Path, database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(ForeignCheckpoint, match="belongs to another DATA_DIR"):
        rebuild(database, "f" * 32, [])
    database.close()


def test_directory_without_a_journal_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty"
    (empty / "journal").mkdir(parents=True)
    monkeypatch.setenv("DATA_DIR", str(empty))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")

    assert main(["rebuild"]) == 2
    assert "expected a directory with a journal" in capsys.readouterr().err
