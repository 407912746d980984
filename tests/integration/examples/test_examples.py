"""Each example runs and does what it says; examples/bot_tests is a test-suite that pytest runs itself."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from examples import backtest, contest, taker, trades_to_pandas, yes_no_market
from order_engine.testing import exchange

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 60
PNG = b"\x89PNG"
STREAM = b"""{"type": "create", "order_id": "a", "symbol": "AAPL", "side": "SELL", "quantity": "1", "price": "10"}
{"type": "create", "order_id": "b", "symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "10"}
{"type": "create", "order_id": "c", "symbol": "AAPL", "side": "SELL", "quantity": "2", "price": "9"}
{"type": "create", "order_id": "d", "symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "9"}
{"type": "create", "order_id": "e", "symbol": "AAPL", "side": "SELL", "quantity": "1", "price": "11"}
{"type": "create", "order_id": "f", "symbol": "AAPL", "side": "BUY", "quantity": "2", "price": "11"}
"""


@contextmanager
def program(name: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run an example until the end of the block, then interrupt it; it must end by itself."""
    command = [sys.executable, "-m", f"examples.{name}", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        yield process
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_maker_taker_printer_and_plot_work_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with exchange() as ex, ex.client() as client:
        client.list_instrument("AAPL", tick_size="0.01")
        with program("market_maker", ex.url, "AAPL", "150"), closing(client.watch_book("AAPL")) as books:
            quoted = next(book for book in books if book.asks and book.bids)
            with program("depth_printer", ex.url, "AAPL") as printer:
                assert printer.stdout is not None
                shown = [printer.stdout.readline().split() for _ in range(2)]
            asyncio.run(taker.main(ex.url, "AAPL", "151", "20"))
        trades_to_pandas.main(ex.url, "AAPL", str(tmp_path / "trades.png"))
        left = client.depth("AAPL")

    printed = capsys.readouterr().out
    assert (f"{quoted.best_bid}", f"{quoted.best_ask}") == ("149.95", "150.05")
    assert (shown[0][:2], shown[1]) == (["AAPL", "OPEN"], ["10", "149.95", "150.05", "10"])
    assert "bought 20 for 3002.00" in printed
    assert "150.10" in printed
    assert (tmp_path / "trades.png").read_bytes().startswith(PNG)
    assert (left.bids, left.asks) == ([], [])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outcome", "won"), [("yes", ("35.00", "-32.00", "-3.00")), ("no", ("-45.00", "48.00", "-3.00"))]
)
def test_yes_no_market_is_run_to_its_end(
    capsys: pytest.CaptureFixture[str], outcome: str, won: tuple[str, ...]
) -> None:
    yes_no_market.main(outcome)

    title, *profits = capsys.readouterr().out.splitlines()
    assert title == f"Rain on Sunday? {outcome}: settled at {int(outcome == 'yes')}.00"
    assert tuple(line.split()[1] for line in profits) == won


@pytest.mark.slow
def test_contest_ends_with_a_ranking(capsys: pytest.CaptureFixture[str]) -> None:
    contest.main("6")

    ranking = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert sorted(row[1] for row in ranking) == ["ann", "bob", "cy"]
    profits = [float(row[2]) for row in ranking]
    assert profits == sorted(profits, reverse=True)
    assert any(profits)


def test_backtest_buys_low_sells_high_and_is_exact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "commands.ndjson"
    path.write_bytes(STREAM)

    backtest.main(str(path), "AAPL")

    assert capsys.readouterr().out == "2 trades, holds 0, profit 2.00\n"


def test_every_example_is_named_in_the_readme_and_the_other_way_round() -> None:
    text = (ROOT / "examples/README.md").read_text(encoding="utf-8")
    files = {path.name for path in (ROOT / "examples").iterdir() if path.suffix == ".py" or path.is_dir()}

    assert {name for name in files if not name.startswith("__")} == {
        line.partition("[")[2].partition("]")[0] for line in text.splitlines() if line.startswith("| [")
    }
