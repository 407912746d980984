"""Splits a stream of bytes into lines, in bounded memory even if a line is very long."""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

LINE_LENGTH_MAX = 1_048_576
CHUNK_LENGTH = 262_144
KEPT_OF_LONG_LINE = 1_000


class RawInput(Protocol):
    """A stream of bytes that returns what is available, without waiting for more."""

    def read(self, size: int, /) -> bytes | None:
        """Read at most ``size`` bytes; return none at the end."""
        ...


class LongLine(Struct, frozen=True):
    """A line longer than 1 MiB: its length and its beginning. The rest was not kept."""

    beginning: bytes
    length: int


Line = bytes | LongLine


def line_batches(stream: RawInput) -> Iterator[list[Line]]:
    """Yield lines without their line feed, in batches as they were read."""
    pending: list[bytes] = []
    length = 0
    while chunk := stream.read(CHUNK_LENGTH):
        first, *others = chunk.split(b"\n")
        length += len(first)
        _keep(pending, first, length)
        if not others:
            continue
        lines: list[Line] = [_finished(pending, length)]
        last = others.pop()
        lines += others
        pending, length = [last], len(last)
        yield lines
    if length:
        yield [_finished(pending, length)]


def _keep(pending: list[bytes], piece: bytes, length: int) -> None:
    pending.append(piece)
    if length > LINE_LENGTH_MAX:
        pending[:] = [b"".join(pending)[:KEPT_OF_LONG_LINE]]


def _finished(pending: list[bytes], length: int) -> Line:
    if length > LINE_LENGTH_MAX:
        return LongLine(b"".join(pending)[:KEPT_OF_LONG_LINE], length)
    return b"".join(pending)
