"""Runs a stream in memory: bytes in, bytes out, and standard error."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from order_engine.streams.process import ProcessOptions, StandardStreams, process_stream
from order_engine.streams.summary import Summary

Json = dict[str, Any]  # Any: whatever JSON can say


class InputInPieces:
    """A pipe that returns its pieces one by one, whatever size is requested."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    def read(self, size: int, /) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@dataclass(frozen=True)
class Processed:
    """The result of a stream."""

    summary: Summary
    trades: list[Json]
    events: list[Json]
    dead_letters: list[Json]
    book: Json
    told: str


def process(tmp_path: Path, *pieces: bytes) -> Processed:
    """Process a stream in these pieces."""
    files = {name: str(tmp_path / name) for name in ("trades", "events", "dead_letters", "book")}
    error = io.StringIO()
    options = ProcessOptions(commands="-", **files)
    summary = process_stream(options, StandardStreams(InputInPieces(pieces), io.BytesIO(), error))
    trades, events, dead_letters, book = (lines_of(Path(path)) for path in files.values())
    return Processed(summary, trades, events, dead_letters, book[0], error.getvalue())


def lines_of(path: Path) -> list[Json]:
    """Read a file of NDJSON; its last line must be whole."""
    text = path.read_text(encoding="utf-8")
    assert not text or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def stream(*messages: Json) -> bytes:
    """Write messages as NDJSON."""
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def create(order_id: str, **fields: object) -> Json:
    """Write a BUY of 10 AAPL at 100.00, with other fields if given; a field that is None is left out."""
    message = {"type": "create", "order_id": order_id, "symbol": "AAPL", "side": "BUY", "quantity": "10"}
    message |= {"price": "100.00", **fields}
    return {name: value for name, value in message.items() if value is not None}
