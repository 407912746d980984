"""Passes on what a process writes to its standard error, and keeps the last line: usually the error that ended it."""

import os
import subprocess
from threading import Thread

STANDARD_ERROR = 2
LINE_BYTES_MAX = 1 << 13
SHOWN_LENGTH_MAX = 300


class ErrorLines:
    """The lines of one process, whose standard error is a pipe."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stderr is not None
        self._pipe = process.stderr
        self._last = b""
        self._thread = Thread(target=self._pass_on, name="followers-errors", daemon=True)
        self._thread.start()

    def last_line(self, seconds: float) -> str:
        """Return the last line of a process that has ended; wait at most ``seconds`` for it."""
        # A process that it forked may keep the pipe open.
        self._thread.join(seconds)
        return self._last.decode(errors="replace").strip()[:SHOWN_LENGTH_MAX]

    def _pass_on(self) -> None:
        with self._pipe:
            for line in iter(lambda: self._pipe.readline(LINE_BYTES_MAX), b""):
                os.write(STANDARD_ERROR, line)
                self._last = line.strip() or self._last
