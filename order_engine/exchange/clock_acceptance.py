"""How an operator's command tells a running exchange to accept its clock: through a file in the data directory.

Write access to the directory is enough; no API key is needed. The file holds the accepted time, so an old file does not
accept a later jump.
"""

import os
from contextlib import suppress
from pathlib import Path

from order_engine.exchange.clock_guard import JUMP_NS_MAX

ACCEPTANCE_NAME = "accept-clock"
_BYTES_MAX = 32


class ClockAcceptance:
    """The file in a data directory."""

    def __init__(self, data_directory: Path) -> None:
        self._path = data_directory / ACCEPTANCE_NAME

    @property
    def is_waiting(self) -> bool:
        """Whether the exchange has not read the file yet."""
        return self._path.exists()

    def give(self, time_ns: int) -> None:
        """Write the file: accept ``time_ns``, and times within a few minutes of it."""
        partial = self._path.with_name(f"{ACCEPTANCE_NAME}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, b"%d\n" % time_ns)
        finally:
            os.close(descriptor)
        os.replace(partial, self._path)

    def covers(self, time_ns: int) -> bool:
        """Return whether the accepted time is at most ``JUMP_NS_MAX`` away from this one."""
        accepted_ns = self._read()
        return accepted_ns is not None and abs(time_ns - accepted_ns) <= JUMP_NS_MAX

    def remove(self) -> None:
        """Remove the file if it exists."""
        with suppress(FileNotFoundError):
            self._path.unlink()

    def _read(self) -> int | None:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            text = os.read(descriptor, _BYTES_MAX).strip()
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return int(text) if text.isdigit() else None
