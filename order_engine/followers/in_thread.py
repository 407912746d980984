"""Runs the followers in a thread of the exchange's process, for tests."""

import logging
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from threading import Event, Thread

from order_engine.followers.control import ControlClosed, Finish, Message, Report, Want, WantSnapshot
from order_engine.followers.follower import Follower
from order_engine.followers.progress import OK, Progress
from order_engine.followers.runner import FollowerRunner

log = logging.getLogger(__name__)

RESTART_SECONDS = 0.1


class FollowerThread:
    """Does the same as ``FollowerProcess``, in a thread."""

    def __init__(self, make_follower: Callable[[], Follower], progress: Progress) -> None:
        self._make_follower = make_follower
        self._progress = progress
        self._control = _ThreadControl(progress)
        self._finish: Finish | None = None
        self._thread = Thread(target=self._run, name="followers", daemon=True)
        progress.on_want(lambda sequence: self._control.offer(Want(sequence)))

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def want_snapshot(self, sequence: int) -> None:
        """Ask for a snapshot at a synced sequence or after it."""
        self._control.offer(WantSnapshot(sequence))

    def finish(self, sequence: int, seconds: float) -> bool:
        """Wait at most ``seconds`` until everything up to the last sequence is written; True if it is."""
        if not self._thread.is_alive():
            return False
        self._finish = Finish(sequence)
        self._control.offer(self._finish)
        self._thread.join(seconds)
        is_done = not self._thread.is_alive()
        self._control.closed.set()
        self._thread.join()
        return is_done

    def _run(self) -> None:
        told = OK
        while not self._control.closed.is_set():
            try:
                FollowerRunner(self._make_follower(), self._control).run()
            except Exception as error:
                # As after a crash of the process: report it, and start a new follower a moment later.
                status = f"started again: {type(error).__name__}: {error}"
                if status != told:
                    log.exception("the followers failed")
                self._progress.status = told = status
                self._progress.notify()
                self._control.closed.wait(RESTART_SECONDS)
                if self._finish is not None:
                    self._control.offer(self._finish)
            else:
                return


class _ThreadControl:
    """Reports go to ``progress``; messages come through a queue."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self.closed = Event()

    def offer(self, message: Message) -> None:
        self._messages.put(message)

    def send(self, message: Message) -> None:
        assert isinstance(message, Report)
        progress = self._progress
        progress.status = OK
        progress.replica_sequence = message.replica_sequence
        progress.report(message.sinks, reads_open=message.reads_open)

    def receive(self, seconds: float) -> Iterator[Message]:
        if self.closed.is_set():
            raise ControlClosed
        try:
            yield self._messages.get(timeout=seconds)
        except Empty:
            return
