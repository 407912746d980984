"""The key watch: a thread that notices within half a second that the stored keys have changed.

A change that cannot be read, or a file that is gone, changes nothing: the keys stay what they were, and ``fault`` says
why. So no accident opens an exchange that has keys.
"""

import logging
from collections.abc import Callable
from threading import Event, Thread

from order_engine.security.key_file import KeyFile, KeyFileDamaged
from order_engine.security.stored_keys import StoredKeys

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


class KeyWatch:
    """Reads the file again after each change; ``on_change`` takes the keys."""

    def __init__(self, file: KeyFile, on_change: Callable[[StoredKeys], object]) -> None:
        self._file = file
        self._on_change = on_change
        self._version: tuple[int, int, int] | None = None
        self.fault: str | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="key-watch", daemon=True)

    def load(self) -> None:
        """Read the keys for the first time, if there are any; raises ``KeyFileDamaged`` or ``OSError``."""
        version, keys = self._file.version(), self._file.read()
        if keys is not None:
            self._version = version
            self._on_change(keys)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def step(self) -> None:
        """Look once."""
        try:
            version = self._file.version()
            if version == self._version:
                self._report(None)
                return
            keys = self._file.read()
        except (KeyFileDamaged, OSError) as error:
            self._report(str(error))
            return
        if keys is None:
            self._report(f"{self._file.path}: is gone; the keys that were in it still count until the next start")
            return
        self._version = version
        self._report(None)
        self._on_change(keys)

    def _report(self, fault: str | None) -> None:
        if fault is not None and fault != self.fault:
            log.error("the stored keys cannot be read, and stay what they were: %s", fault)
        self.fault = fault

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.step()
            except Exception:
                log.exception("the key watch failed once, and goes on")
