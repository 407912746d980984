"""Reads a body with chunked transfer coding, in whatever pieces the bytes arrive."""

import re
from collections.abc import Generator

from order_engine.api.plumbing.problems import Problem
from order_engine.server.request_head import HEAD_BYTES_MAX, malformed

# The limit for all paths; each operation has a lower one of its own.
BODY_BYTES_MAX = 9 << 20
# A chunk costs more time than its bytes: a body of millions of chunks would block the loop.
CHUNKS_MAX = 10_000
_CHUNK_LINE_BYTES_MAX = 1 << 13
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?:[ \t]*;[^\r\n]*)?\r\n")

# Is resumed each time that more bytes have come, and returns the offset behind the mark.
Search = Generator[None, None, int]


class ChunkedBody:
    """The chunks at the beginning of ``received``, which grows meanwhile; complete chunks are removed from it."""

    def __init__(self, received: bytearray) -> None:
        self._received = received
        self._body = bytearray()
        self._search = self._read_chunks()

    def __len__(self) -> int:
        return len(self._body)

    def take(self) -> bytes | None:
        """Return the body once it is complete, else None; raises ``Problem``, and must not be called after that."""
        try:
            next(self._search)
        except StopIteration:
            return bytes(self._body)
        return None

    def _read_chunks(self) -> Generator[None, None, None]:
        received = self._received
        framing_bytes = 0
        for _ in range(CHUNKS_MAX):
            line_end = yield from self._end_of(b"\r\n", _CHUNK_LINE_BYTES_MAX)
            found = _CHUNK_SIZE.match(received, 0, line_end)
            if found is None:
                raise malformed("The chunks of the body do not fit together.")
            size = int(found[1], 16)
            if not size:
                break
            framing_bytes += line_end
            if len(self._body) + framing_bytes + size > BODY_BYTES_MAX:
                raise too_large()
            end = line_end + size
            while len(received) < end + 2:
                yield
            if received[end : end + 2] != b"\r\n":
                raise malformed("The chunks of the body do not fit together.")
            self._body += received[line_end:end]
            del received[: end + 2]
        else:
            raise too_large()
        # Trailers are dropped. Without any, the line end of the last chunk is one of the two that end the body.
        del received[: line_end - 2]
        end = yield from self._end_of(b"\r\n\r\n", HEAD_BYTES_MAX)
        del received[:end]

    def _end_of(self, mark: bytes, longest: int) -> Search:
        searched = 0
        while (found := self._received.find(mark, searched)) < 0:
            if len(self._received) > longest:
                raise too_large()
            searched = max(0, len(self._received) - len(mark) + 1)
            yield
        if found > longest:
            raise too_large()
        return found + len(mark)


def too_large() -> Problem:
    """Refuse a body that no path takes."""
    return Problem("body_too_large", f"No path takes more than {BODY_BYTES_MAX} bytes.")
