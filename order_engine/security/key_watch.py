"""The key watch: notices that the stored keys have changed.

A change that cannot be read, or a file that is gone, changes nothing: the keys stay what they were, and ``fault`` says
why. So no accident opens an exchange that has keys.
"""

import logging
from collections.abc import Callable
from threading import Lock

from order_engine.security.key_file import KeyFile, KeyFileDamaged
from order_engine.security.stored_keys import StoredKeys

log = logging.getLogger(__name__)


class KeyWatch:
    """Reads the file again after each change; ``on_change`` takes the keys."""

    def __init__(self, file: KeyFile, on_change: Callable[[StoredKeys], object]) -> None:
        self._file = file
        self._on_change = on_change
        self._version: tuple[int, int, int] | None = None
        self._looking = Lock()
        self.fault: str | None = None

    def load(self) -> None:
        """Read the keys for the first time, if there are any; raises ``KeyFileDamaged`` or ``OSError``."""
        version, keys = self._file.version(), self._file.read()
        if keys is not None:
            self._version = version
            self._on_change(keys)

    def step(self) -> None:
        """Look once."""
        with self._looking:
            try:
                self._look()
                self.fault = None
            except (KeyFileDamaged, OSError) as error:
                fault = f"the stored keys stay what they were: {error}"
                if fault != self.fault:
                    log.error("%s", fault)
                self.fault = fault

    def _look(self) -> None:
        version = self._file.version()
        if version == self._version:
            return
        keys = self._file.read()
        if keys is None:
            raise KeyFileDamaged(f"{self._file.path} is gone")
        self._version = version
        self._on_change(keys)
