"""Notices on standard error while a stream is read: only the first few of each kind."""

from typing import TextIO

NOTICES_MAX = 10
NOTICE_LENGTH_MAX = 300


class Notices:
    """Writes the first ten notices, then one line that further ones are only counted."""

    def __init__(self, stream: TextIO, kind: str) -> None:
        self._stream = stream
        self._kind = kind
        self._told = 0

    def tell(self, notice: str) -> None:
        """Write a notice, unless ten were written."""
        self._told += 1
        if self._told <= NOTICES_MAX:
            self._stream.write(f"{_printable(notice)}\n")
        elif self._told == NOTICES_MAX + 1:
            self._stream.write(f"more {self._kind}: from here on they are only counted\n")


def _printable(notice: str) -> str:
    # A notice may quote input, and input may contain terminal escape codes.
    kept = notice[:NOTICE_LENGTH_MAX] + ("..." if len(notice) > NOTICE_LENGTH_MAX else "")
    return "".join(character if character.isascii() and character.isprintable() else "?" for character in kept)
