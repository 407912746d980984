"""Who is let in: joins the keys, what watches their file, and the log of who tried."""

import logging
import os
from collections.abc import Callable
from threading import Event, Thread

from order_engine.api.plumbing.keys import KeyRing
from order_engine.exchange.clock import Clock
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.phase import Phase
from order_engine.security.attempts import Attempts
from order_engine.security.key_file import KeyFile
from order_engine.security.key_watch import KeyWatch
from order_engine.security.security_log import SecurityLog
from order_engine.security.signatures import SignatureCheck
from order_engine.security.stored_keys import StoredKeys
from order_engine.settings import API_KEY_LENGTH_ADVISED, Settings

log = logging.getLogger(__name__)

OK = "ok"
STEP_SECONDS = 0.5


class Admission:
    """The keys of an exchange. ``on_first_key`` is called when an exchange without any gets one.

    Raises ``KeyFileDamaged`` or ``OSError`` if the stored keys cannot be read.
    """

    def __init__(self, settings: Settings, clock: Clock, on_first_key: Callable[[], object]) -> None:
        self._api_key = settings.api_key
        self._on_first_key = on_first_key
        self._log = SecurityLog(settings.data_dir, clock.now_ns)
        self._attempts = Attempts(self._log)
        self.keys = KeyRing(settings.api_key, self._attempts, SignatureCheck(clock.now_ns))
        self._watch = KeyWatch(KeyFile(settings.data_dir), self._take)
        self._watch.load()
        self._log_fault: str | None = None
        self._was_halted = False
        self._stopping = Event()
        self._exchange: Exchange
        self._thread = Thread(target=self._run, name="admission", daemon=True)

    @property
    def status(self) -> str:
        """What ``/health`` says: ok or a fault."""
        return self._watch.fault or self._log_fault or OK

    def start(self, exchange: Exchange) -> None:
        """Begin to watch the keys and the exchange."""
        if not self.keys.has_keys:
            log.warning("there are no keys: anybody who reaches this port may do everything")
        elif self._api_key is not None and len(self._api_key) < API_KEY_LENGTH_ADVISED:
            log.warning("API_KEY has %d characters: a short key can be guessed", len(self._api_key))
        self._exchange = exchange
        self._write(lambda: self._log.note("start", process=os.getpid(), open=not self.keys.has_keys))
        self._thread.start()

    def step(self) -> None:
        """Notice changed keys and a halt, and write down who tried."""
        self._watch.step()
        self._note_halt()
        self._write(self._attempts.step)

    def stop(self) -> None:
        """Write down what is left. More than one call does no harm."""
        if self._stopping.is_set() or self._thread.ident is None:
            return
        self._stopping.set()
        self._thread.join()
        self._note_halt()
        self._write(self._attempts.finish)
        self._write(lambda: self._log.note("stop", process=os.getpid()))

    def _run(self) -> None:
        while not self._stopping.wait(STEP_SECONDS):
            try:
                self.step()
            except Exception:
                log.exception("the watch over the keys failed once, and goes on")

    def _take(self, keys: StoredKeys) -> None:
        had_keys = self.keys.has_keys
        self.keys.take(keys)
        if not had_keys:
            self._on_first_key()

    def _note_halt(self) -> None:
        if self._exchange.phase is Phase.HALTED and not self._was_halted:
            self._was_halted = True
            # The text of the fault is in the log of the server.
            self._write(lambda: self._log.note("halt", fault=type(self._exchange.fault).__name__))

    def _write(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            if self._log_fault is None:
                log.error("the security log cannot be written: %s", error)
            self._log_fault = f"the security log cannot be written: {error}"
        else:
            self._log_fault = None
