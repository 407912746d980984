"""``verify`` finds and names every difference, and finds none if there is none."""

import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from order_engine.__main__ import main
from order_engine.database.tables import Base
from order_engine.exchange.snapshots import make_snapshot
from tests.dumps import read_snapshot, state_in
from tests.integration.service.server_process import Json
from tests.integration.service.tampering import COUNTS, END, execute

Verify = Callable[..., Json]
Tamper = Callable[[str], None]


@pytest.fixture
def database_url(directory: Path) -> str:
    return f"sqlite:///{directory}/exchange.db"


@pytest.fixture
def tamper(database_url: str) -> Tamper:
    """Change the database behind the projector's back."""
    return partial(execute, database_url)


@pytest.fixture
def verify(
    directory: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Verify:
    """Run ``verify --json`` in this process and return what it printed, its exit code added."""
    monkeypatch.setenv("DATA_DIR", str(directory))
    monkeypatch.setenv("DATABASE_URL", database_url)

    def run(*options: str) -> Json:
        code = main(["verify", "--json", *options])
        said = capsys.readouterr()
        assert said.out, said.err
        return {**json.loads(said.out), "code": code}

    return run


def test_everything_agrees_after_ordinary_trading(verify: Verify, directory: Path) -> None:
    found = verify()

    assert (found["code"], found["same"], found["sequence"], found["snapshots"]) == (0, True, END, 2)
    assert found["database"] == COUNTS


def test_database_may_lag_and_may_be_left_out(verify: Verify, tamper: Tamper, directory: Path) -> None:
    assert verify("--no-database")["same"]

    for table in ("orders", "trades", "order_events", "instruments", "candles", "positions", "projection_checkpoint"):
        tamper(f"DELETE FROM {table}")
    assert verify()["database"] == "nothing is projected"


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE orders SET status = 'OPEN' WHERE sequence = 3", "orders, sequence 3, status"),
        ("UPDATE orders SET remaining_e8 = 1 WHERE sequence = 10", "orders, sequence 10, remaining_e8"),
        ("UPDATE orders SET filled_notional_e16 = '1' WHERE sequence = 2", "orders, sequence 2, filled_notional_e16"),
        ("UPDATE orders SET user_id = NULL WHERE sequence = 4", "orders, sequence 4, user_id"),
        ("UPDATE orders SET updated_ns = 1 WHERE sequence = 2", "orders, sequence 2, updated_ns"),
        ("DELETE FROM orders WHERE sequence = 2", "orders, sequence 2"),
        ("DELETE FROM orders WHERE sequence = 16", "orders, sequence 16"),
        ("UPDATE orders SET sequence = 1 WHERE sequence = 4", "orders, sequence 1"),
        ("UPDATE orders SET sequence = 99 WHERE sequence = 16", "orders, sequence 16"),
        ("UPDATE trades SET price_e8 = price_e8 + 1 WHERE sequence = 9", "trades, sequence 9, number 1, price_e8"),
        ("UPDATE trades SET taker_side = 'SELL' WHERE sequence = 3", "trades, sequence 3, number 1, taker_side"),
        ("DELETE FROM trades WHERE sequence = 3", "trades, sequence 3, number 1"),
        ("UPDATE trades SET sequence = 50 WHERE sequence = 16", "trades, sequence 16, number 1"),
        ("DELETE FROM order_events WHERE sequence = 13", "order_events, sequence 13, number 0"),
        (
            "UPDATE order_events SET reason = NULL WHERE sequence = 4",
            "order_events, sequence 4, number 0, reason",
        ),
        ("UPDATE instruments SET lot_size_e8 = 2 WHERE symbol = 'MSFT'", "instruments, symbol MSFT, lot_size_e8"),
        ("DELETE FROM instruments WHERE symbol = 'AAPL'", "instruments, symbol AAPL"),
        ("UPDATE candles SET volume_e8 = '1' WHERE symbol = 'AAPL' AND start_ns > 1700000000000000000", ", volume_e8"),
        ("DELETE FROM candles WHERE symbol = 'MSFT'", "candles, symbol MSFT, seconds "),
        ("UPDATE candles SET symbol = 'ZZZ' WHERE symbol = 'MSFT'", "candles, symbol MSFT, seconds "),
        ("UPDATE candles SET start_ns = start_ns + 600000000000 WHERE symbol = 'MSFT'", "candles, symbol MSFT"),
        ("UPDATE candles SET low_e8 = 1 WHERE symbol = 'MSFT' AND seconds = 86400", ", seconds 86400"),
        ("UPDATE positions SET realized_pnl_e16 = '7' WHERE symbol = 'MSFT'", ", realized_pnl_e16"),
        ("DELETE FROM positions WHERE symbol = 'AAPL'", ", symbol AAPL"),
        ("UPDATE instruments SET state = 'HALTED' WHERE symbol = 'AAPL'", "instruments, symbol AAPL, state"),
        ("UPDATE projection_checkpoint SET sequence = 15", "orders, sequence 5, filled_e8"),
        ("UPDATE projection_checkpoint SET sequence = 10", "projection_checkpoint, sequence"),
        ("UPDATE projection_checkpoint SET sequence = 17", "projection_checkpoint, sequence"),
        ("UPDATE projection_checkpoint SET journal_id = 'f'", "projection_checkpoint, journal_id"),
    ],
)
def test_every_tampered_row_is_named(verify: Verify, tamper: Tamper, statement: str, where: str) -> None:
    tamper(statement)

    found = verify()

    assert (found["code"], found["same"]) == (1, False)
    assert where in found["where"], found
    assert found["expected"] != found["found"]


@pytest.mark.parametrize("sequence", [1, 99])
@pytest.mark.parametrize("table", ["orders", "trades", "order_events"])
def test_row_too_many_is_named(verify: Verify, tamper: Tamper, table: str, sequence: int) -> None:
    columns = ", ".join(column.name for column in Base.metadata.tables[table].columns if column.name != "sequence")
    copied = f"SELECT {sequence}, {columns} FROM {table} WHERE sequence = 16 LIMIT 1"
    tamper(f"INSERT INTO {table} (sequence, {columns}) {copied}")

    found = verify()

    assert found["code"] == 1
    assert found["where"].startswith(f"{table}, sequence {sequence}")
    assert (found["expected"], found["found"]) == ("no row", "a row")


def test_candle_too_many_is_named(verify: Verify, tamper: Tamper) -> None:
    copied = (
        "SELECT symbol, seconds, start_ns + 600000000000, "
        "open_e8, high_e8, low_e8, close_e8, volume_e8, notional_e16, trades"
    )
    tamper(f"INSERT INTO candles {copied} FROM candles WHERE symbol = 'MSFT' AND seconds = 60 LIMIT 1")

    found = verify()

    assert (found["code"], found["where"].split(",")[0]) == (1, "candles")
    assert (found["expected"], found["found"]) == ("no row", "a row")


def snapshot_file(directory: Path) -> Path:
    return sorted((directory / "snapshots").glob("*.snapshot"))[-1]


def segment(directory: Path) -> Path:
    (path,) = (directory / "journal").glob("*.journal")
    return path


def test_damaged_snapshot_is_named(verify: Verify, directory: Path) -> None:
    path = snapshot_file(directory)
    path.write_bytes(path.read_bytes()[:-1])

    found = verify()

    assert (found["code"], found["where"]) == (1, str(path))
    assert "checksum" in found["found"]


def test_whole_snapshot_of_another_state_is_named(verify: Verify, directory: Path) -> None:
    path = snapshot_file(directory)
    snapshot = read_snapshot(path.read_bytes())
    state = state_in(snapshot.content)
    del state.engine.live.by_user["buyer"]
    state.engine.books["AAPL"].bids.levels.popitem()
    path.write_bytes(make_snapshot(state, snapshot.header.journal_id, 1).content)

    found = verify()

    assert (found["code"], found["where"]) == (1, f"{path}: state_hash in its header")
    assert (len(found["expected"]), len(found["found"])) == (64, 64)


def test_snapshot_whose_header_tells_of_another_state_is_named(verify: Verify, directory: Path) -> None:
    path = snapshot_file(directory)
    _, header, dump = path.read_bytes().split(b"\n", 2)
    body = header + b"\n" + dump.replace(b'"buyer"', b'"buyed"', 1)
    path.write_bytes(sha256(body).hexdigest().encode() + b"\n" + body)

    found = verify()

    assert (found["code"], found["where"]) == (1, str(path))
    assert "the hash of its state should be" in found["found"]


def test_snapshot_of_another_journal_is_named(verify: Verify, directory: Path) -> None:
    path = snapshot_file(directory)
    state = state_in(path.read_bytes())
    path.write_bytes(make_snapshot(state, "f" * 32, 1).content)

    found = verify()

    assert (found["code"], found["where"], found["found"]) == (1, f"{path}: journal_id", "f" * 32)


def test_snapshot_beyond_the_journal_is_named(verify: Verify, directory: Path) -> None:
    path = snapshot_file(directory)
    path.rename(path.with_name(f"{99:020d}.snapshot"))

    found = verify()

    assert (found["code"], found["found"]) == (1, "99")
    assert found["expected"] == f"at most {END}, where the journal ends"


def test_damaged_journal_is_named_with_file_and_offset(verify: Verify, directory: Path) -> None:
    path = segment(directory)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"seller"', b'"sellor"', 1))

    found = verify()

    assert found["code"] == 1
    assert found["where"].startswith(f"{path}: at byte ")
    assert "checksum" in found["expected"]


def test_journal_without_its_beginning_is_named(verify: Verify, directory: Path) -> None:
    path = segment(directory)
    path.rename(path.with_name(f"{5:020d}.journal"))

    found = verify()

    assert (found["code"], found["where"]) == (1, "journal")
    assert "begins at 5" in found["found"]


def test_torn_tail_is_counted_and_no_difference(verify: Verify, directory: Path) -> None:
    with segment(directory).open("ab") as file:
        file.write(b"F1 d 0000")

    found = verify()

    assert (found["code"], found["torn_bytes"]) == (0, 9)


def test_nothing_is_written_by_verifying(verify: Verify, directory: Path) -> None:
    verify()
    before = {path: path.stat().st_mtime_ns for path in directory.rglob("*") if "exchange.db-" not in path.name}

    verify()

    after = {path: path.stat().st_mtime_ns for path in directory.rglob("*") if "exchange.db-" not in path.name}
    assert after == before


def test_database_that_is_not_there_is_a_difference_and_is_not_made(verify: Verify, directory: Path) -> None:
    for path in directory.glob("exchange.db*"):
        path.unlink()

    found = verify()

    assert (found["code"], found["where"], found["found"]) == (1, str(directory / "exchange.db"), "no such file")
    assert not list(directory.glob("exchange.db*"))


def test_text_form_says_the_same(verify: Verify, tamper: Tamper, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    assert "same True\n" in capsys.readouterr().out
    tamper("UPDATE orders SET status = 'OPEN' WHERE sequence = 3")

    assert main(["verify"]) == 1
    said = capsys.readouterr().out
    assert said == "same False\nwhere orders, sequence 3, status\nexpected FILLED\nfound OPEN\n"
