"""How an operator's command tells a running exchange to accept its clock: with a file in the data directory.

Whoever may write there may do it, with or without a key. The file holds the time that was accepted, so one that was
left behind accepts no later jump.
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
        """Whether the exchange has not taken it yet."""
        return self._path.exists()

    def give(self, time_ns: int) -> None:
        """Accept a time that is about now."""
        partial = self._path.with_name(f"{ACCEPTANCE_NAME}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, b"%d\n" % time_ns)
        finally:
            os.close(descriptor)
        os.replace(partial, self._path)

    def covers(self, time_ns: int) -> bool:
        """Say whether a time was accepted that is at most a few minutes away."""
        accepted_ns = self._read()
        return accepted_ns is not None and abs(time_ns - accepted_ns) <= JUMP_NS_MAX

    def remove(self) -> None:
        """Take the file away, if it is there."""
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
