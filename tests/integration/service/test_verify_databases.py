"""``verify`` on either kind of database, and while the exchange runs."""

import json
from pathlib import Path

import pytest

from order_engine.__main__ import main
from order_engine.exchange.verification import Verification, stored_files
from order_engine.followers.sql.projection_check import checking_projection
from order_engine.journal.disk import LocalDisk
from tests.integration.service.server_process import buy, sell
from tests.integration.service.tampering import COUNTS, END, MINUTE_NS, execute, trade_for_two_minutes
from tests.integration.service.venues import venue, wait_followed
from tests.unit.exchange.exchanges import START_NS, FakeClock

TAMPERED = [
    ("UPDATE orders SET filled_notional_e16 = 1 WHERE sequence = 2", "orders, sequence 2, filled_notional_e16"),
    ("DELETE FROM trades WHERE sequence = 9 AND number = 2", "trades, sequence 9, number 2"),
    ("UPDATE candles SET notional_e16 = 1 WHERE symbol = 'MSFT'", "notional_e16"),
    ("UPDATE projection_checkpoint SET sequence = 17", "projection_checkpoint, sequence"),
]


def test_what_a_running_exchange_adds_meanwhile_is_left_out(tmp_path: Path, database_url: str) -> None:
    """Commands, snapshots and rows that come once verifying began make no difference."""
    clock = FakeClock(START_NS)
    with venue(tmp_path, clock=clock, DATABASE_URL=database_url) as found:
        trade_for_two_minutes(found, clock)
        assert wait_followed(found) == END
        with checking_projection(database_url) as check:
            assert check is not None
            verification = Verification(tmp_path, LocalDisk(), stored_files(tmp_path, LocalDisk()), check)
            clock.now += MINUTE_NS
            for _ in range(5):
                found.app.test_client().post("/orders", json=sell())
                found.app.test_client().post("/orders", json=buy(quantity="3"))
            found.app.test_client().post("/orders", json=buy(symbol="NEW"))
            found.snapshots.take()
            assert wait_followed(found) == END + 11

            verified = verification.run()

            assert (verified.sequence, check.counts.checkpoint) == (END, END)
            assert (verified.snapshots, verified.torn_bytes) == (1, 0)


@pytest.mark.parametrize(("statement", "where"), TAMPERED)
def test_difference_is_found_in_either_database(
    tmp_path: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    statement: str,
    where: str,
) -> None:
    clock = FakeClock(START_NS)
    with venue(tmp_path, clock=clock, DATABASE_URL=database_url) as found:
        trade_for_two_minutes(found, clock)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert main(["verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["database"] == COUNTS

    execute(database_url, statement)

    assert main(["verify", "--json"]) == 1
    assert where in json.loads(capsys.readouterr().out)["where"]
