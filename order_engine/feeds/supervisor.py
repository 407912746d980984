"""The supervisor of the feeds' process: starts it, hands clients over to it, and starts it again when it ends or hangs.

A restart costs the clients a reconnection. It costs trading nothing.
"""

import logging
import subprocess
from collections.abc import Callable
from select import POLLIN, poll
from threading import Event, Lock, Thread
from time import monotonic

from order_engine.feeds.hand_over import ChannelClosed, Finish, HandOver, PacketChannel, Report

log = logging.getLogger(__name__)

OK = "ok"
RESTART_SECONDS_FIRST, RESTART_SECONDS_MAX = 0.1, 5.0
START_PATIENCE_SECONDS, PATIENCE_SECONDS = 600.0, 30.0
LISTEN_SECONDS = 0.5
EXIT_SECONDS = 5.0

Spawn = Callable[[int], "subprocess.Popen[bytes]"]
"""Starts the process. It inherits the descriptor of its end of the channel."""


class FeedsProcess:
    """Keeps one process running. ``offer`` may be called in any thread and never waits."""

    def __init__(self, spawn: Spawn, clients_max: int) -> None:
        self._spawn = spawn
        self._clients_max = clients_max
        self._sending = Lock()
        self._channel: PacketChannel | None = None
        self._clients = self._handed = 0
        self._is_ready = False
        self._last_sequence: int | None = None
        self._stopped = Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._generation = 0
        self._thread = Thread(target=self._supervise, name="feeds", daemon=True)
        self.status = OK

    @property
    def process_id(self) -> int | None:
        """The id of the running process, or of the last one."""
        return None if self._process is None else self._process.pid

    @property
    def clients(self) -> int:
        """How many clients it has, with those on their way to it."""
        return self._clients

    def start(self) -> None:
        """Start the process and keep it running."""
        self._thread.start()

    def offer(self, handed: HandOver, descriptor: int) -> bool:
        """Hand a client over; False if the process is not ready, has too many clients, or does not read."""
        with self._sending:
            if self._channel is None or not self._is_ready or self._clients >= self._clients_max:
                return False
            if not self._channel.offer(handed, descriptor):
                return False
            self._clients += 1
            self._handed += 1
            return True

    def finish(self, sequence: int, seconds: float) -> None:
        """Let the process show everything up to the last sequence and close its clients; kill it after ``seconds``."""
        if not self._thread.is_alive():
            return
        with self._sending:
            self._last_sequence = sequence
            self._is_ready = False
            if self._channel is not None:
                self._channel.offer(Finish(sequence))
        self._stopped.set()
        self._thread.join(seconds)
        self._kill()
        self._thread.join()

    def start_anew(self) -> None:
        """End the process, so that another one with new arguments takes its place."""
        with self._sending:
            self._is_ready = False
            self._generation += 1
            if self._process is not None:
                self._process.kill()

    def _supervise(self) -> None:
        pause = RESTART_SECONDS_FIRST
        while not self._stopped.is_set():
            began = monotonic()
            try:
                why = self._run_one()
            except Exception as error:
                # The exchange goes on without feeds: log and report the error.
                log.exception("the feeds cannot be run")
                why = f"{type(error).__name__}: {error}"
            if self._stopped.is_set():
                return
            log.warning("the feeds' process %s; it is started again", why)
            self.status = f"started again: the process {why}"
            pause = RESTART_SECONDS_FIRST if monotonic() - began > RESTART_SECONDS_MAX else pause
            self._stopped.wait(pause)
            pause = min(2 * pause, RESTART_SECONDS_MAX)

    def _run_one(self) -> str:
        """Run one process to its end; return how it ended."""
        ours, theirs = PacketChannel.pair()
        with ours, theirs:
            generation = self._generation
            process = self._spawn(theirs.fileno())
            theirs.close()
            channel = PacketChannel(ours)
            with self._sending:
                self._process, self._channel = process, channel
                if generation != self._generation:
                    process.kill()
            try:
                return self._listen(channel, process)
            finally:
                with self._sending:
                    self._channel, self._is_ready, self._clients, self._handed = None, False, 0, 0
                self._kill()

    def _listen(self, channel: PacketChannel, process: "subprocess.Popen[bytes]") -> str:
        readable = poll()
        readable.register(channel.fileno(), POLLIN)
        expected_by = monotonic() + START_PATIENCE_SECONDS
        while True:
            try:
                for message, _ in channel.receive() if readable.poll(LISTEN_SECONDS * 1_000) else ():
                    if isinstance(message, Report):
                        expected_by = monotonic() + PATIENCE_SECONDS
                        self._take(message)
            except ChannelClosed:
                return self._ending(process)
            if monotonic() > expected_by:
                return "did not report in time and was killed"

    def _take(self, report: Report) -> None:
        with self._sending:
            # The process has not yet seen those on their way to it.
            self._clients = report.clients + self._handed - report.handed
            self._is_ready = report.is_ready and self._last_sequence is None
        if report.is_ready:
            self.status = OK

    def _ending(self, process: "subprocess.Popen[bytes]") -> str:
        try:
            return f"ended with {process.wait(EXIT_SECONDS)}"
        except subprocess.TimeoutExpired:
            return "hung up, did not end and was killed"

    def _kill(self) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
