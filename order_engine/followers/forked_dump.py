"""Saves a snapshot in a forked child, which has a copy of the state.

The fork takes the follower a few milliseconds. It copies only the memory pages that change meanwhile. The child has a
low priority: the follower and the database need the processor sooner.
"""

import gc
import os
import signal
from collections.abc import Callable
from time import monotonic

from order_engine.followers.progress import OK

PATIENCE_SECONDS = 300.0
TEXT_BYTES_MAX = 500
NICENESS = 10


class ForkedDump:
    """Calls ``prepare_child`` and ``save`` in a child; kills it after ``patience_seconds``."""

    def __init__(
        self,
        save: Callable[[], object],
        prepare_child: Callable[[], object] = lambda: None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._until = monotonic() + patience_seconds
        self._reading_end, writing_end = os.pipe()
        # A garbage collection in the child would touch, and so copy, every object.
        gc.freeze()
        self._child: int | None = os.fork()
        if self._child == 0:
            _run_child(save, prepare_child, writing_end)
        os.close(writing_end)

    def outcome(self) -> str | None:
        """Return None while the child runs, then ``ok`` or the error."""
        assert self._child is not None
        found, status = os.waitpid(self._child, os.WNOHANG)
        if found == 0:
            if monotonic() < self._until:
                return None
            self.abandon()
            return "it took too long"
        self._child = None
        text = os.read(self._reading_end, TEXT_BYTES_MAX).decode(errors="replace")
        os.close(self._reading_end)
        return OK if status == 0 else text or f"the process that took it ended with {status}"

    def abandon(self) -> None:
        """Kill the child if it still runs."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = None
            os.close(self._reading_end)


def _run_child(save: Callable[[], object], prepare: Callable[[], object], writing_end: int) -> None:
    """Save and end the process. No code of the parent may run in it, not even at exit."""
    code = 1
    try:
        gc.disable()
        os.nice(NICENESS)
        prepare()
        save()
        code = 0
    except BaseException as error:  # noqa: BLE001 -- the parent reports it
        os.write(writing_end, f"{type(error).__name__}: {error}".encode()[:TEXT_BYTES_MAX])
    finally:
        os._exit(code)
