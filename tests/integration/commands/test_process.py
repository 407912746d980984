"""``process``: commands in, events out, a summary; tests/unit/streams has the rest."""

import json
from pathlib import Path

from tests.integration.commands.conftest import Run

ORDER = '{"type": "create", "order_id": "%s", "symbol": "AAPL", "side": "%s", "quantity": "1", "price": "150"}\n'


def test_two_orders_trade_and_a_bad_line_is_a_dead_letter(run: Run, tmp_path: Path) -> None:
    commands, dead = tmp_path / "in.ndjson", tmp_path / "dead.ndjson"
    commands.write_text(ORDER % ("a", "SELL") + "nonsense\n" + ORDER % ("b", "BUY"))

    finished = run("process", str(commands), "--trades", "-", "--dead-letters", str(dead))

    assert finished.code == 0, finished.err
    (trade,) = [json.loads(line) for line in finished.out.splitlines()]
    assert (trade["price"], trade["quantity"]) == ("150.00", "1")
    assert len(dead.read_text().splitlines()) == 1
    assert finished.err
