"""Recorded Nasdaq order flow, through ``process``: exactly the recorded trades, and the book that was left.

The recordings are no part of the project. They are looked for where ``CONFORMANCE_DATA`` points, else beside the
project; any ``NAME.commands.ndjson`` there that has its ``NAME.trades.ndjson`` is run.
"""

import io
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from order_engine.streams.process import ProcessOptions, StandardStreams, process_stream

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[3] / "shared" / "data"
DIRECTORY = Path(os.environ.get("CONFORMANCE_DATA") or BESIDE_THE_PROJECT)
COMMANDS = ".commands.ndjson"
RECORDINGS = sorted(path.name.removesuffix(COMMANDS) for path in DIRECTORY.glob(f"*{COMMANDS}"))
TRADE_NAMES = ("seq", "symbol", "price", "quantity", "maker_order_id", "taker_order_id")

Json = dict[str, Any]  # Any: whatever JSON can say


def lines_of(path: Path) -> list[Json]:
    return [json.loads(line, parse_float=Decimal) for line in path.read_text(encoding="utf-8").splitlines()]


def as_numbers(trade: Json) -> list[object]:
    return [Decimal(trade[name]) if name in ("price", "quantity") else trade[name] for name in TRADE_NAMES]


def book_as_numbers(book: Json) -> Json:
    return {
        f"{symbol} {side}": [(Decimal(price), Decimal(quantity), orders) for price, quantity, orders in levels]
        for symbol, sides in book.items()
        for side, levels in sides.items()
    }


@pytest.mark.skipif(
    not RECORDINGS, reason=f"no *{COMMANDS} in {DIRECTORY}; CONFORMANCE_DATA may name another directory"
)
@pytest.mark.parametrize("recording", RECORDINGS)
def test_recorded_commands_give_exactly_the_recorded_trades_and_book(recording: str, tmp_path: Path) -> None:
    trades, book, told = tmp_path / "trades", tmp_path / "book", io.StringIO()
    options = ProcessOptions(commands=str(DIRECTORY / f"{recording}{COMMANDS}"), trades=str(trades), book=str(book))

    summary = process_stream(options, StandardStreams(io.BytesIO(), io.BytesIO(), told))

    expected = lines_of(DIRECTORY / f"{recording}.trades.ndjson")
    assert [as_numbers(trade) for trade in lines_of(trades)] == [as_numbers(trade) for trade in expected]
    assert (summary.trades, summary.duplicates, summary.gaps, summary.dead_letters) == (len(expected), 0, 0, 0)
    assert told.getvalue() == ""
    recorded_book = DIRECTORY / f"{recording}.book.json"
    if recorded_book.exists():
        assert book_as_numbers(lines_of(book)[0]) == book_as_numbers(json.loads(recorded_book.read_text()))
