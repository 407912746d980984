"""``DATA_DIR/security.log``: who tried to use the exchange, which keys changed, and when it started, stopped or halted.

One JSON object a line, appended, private to the server's user. Nothing in it is a secret or quotes what a client sent.
It has a bound: the server moves a file that is full aside, and keeps the newest three of those.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from order_engine.wire.timestamps import format_timestamp

LOG_NAME = "security.log"
FILE_BYTES_MAX = 8 << 20
OLD_FILES = 3

Fields = dict[str, object]
_encode = msgspec.json.Encoder().encode


class SecurityLog:
    """Appends lines. Several processes may: each writes whole lines at once."""

    def __init__(self, data_directory: Path, now_ns: Callable[[], int], *, bytes_max: int = FILE_BYTES_MAX) -> None:
        self.path = data_directory / LOG_NAME
        self._now_ns = now_ns
        self._bytes_max = bytes_max

    def note(self, event: str, **fields: object) -> None:
        """Write one line now; raises ``OSError``."""
        self.write([self.line(event, fields)])

    def line(self, event: str, fields: Fields) -> bytes:
        """Return a line with the time of now."""
        return _encode({"at": format_timestamp(self._now_ns()), "event": event, **fields}) + b"\n"

    def write(self, lines: Iterable[bytes]) -> None:
        """Append lines; raises ``OSError``."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.write(descriptor, b"".join(lines))
        finally:
            os.close(descriptor)

    def move_aside_if_full(self) -> None:
        """Begin a new file if this one is full. Only one process may call this."""
        with suppress(FileNotFoundError):
            if self.path.stat().st_size < self._bytes_max:
                return
            for number in range(OLD_FILES - 1, 0, -1):
                with suppress(FileNotFoundError):
                    os.replace(self._old(number), self._old(number + 1))
            os.replace(self.path, self._old(1))

    def _old(self, number: int) -> Path:
        return self.path.with_name(f"{LOG_NAME}.{number}")
