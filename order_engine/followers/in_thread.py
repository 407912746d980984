"""Runs the followers in a thread of the exchange's process, for tests."""

import logging
from collections.abc import Callable
from threading import Condition, Event, Thread

from order_engine.followers.follower import Follower
from order_engine.followers.progress import OK, Progress

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.005
RESTART_SECONDS = 0.1


class FollowerThread:
    """Does the same as ``FollowerProcess``, in a thread."""

    def __init__(self, make_follower: Callable[[], Follower], progress: Progress) -> None:
        self._make_follower = make_follower
        self._progress = progress
        self._asked = Condition()
        self._wanted: list[Callable[[Follower], object]] = []
        self._last_sequence: int | None = None
        self._abandoned = Event()
        self._thread = Thread(target=self._run, name="followers", daemon=True)
        progress.on_want(lambda sequence: self._ask(lambda follower: follower.want(sequence)))

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def want_snapshot(self, sequence: int) -> None:
        """Ask for a snapshot at a synced sequence or after it."""
        self._ask(lambda follower: follower.want_snapshot(sequence))

    def finish(self, sequence: int, seconds: float) -> bool:
        """Wait at most ``seconds`` until everything up to the last sequence is written; True if it is."""
        if not self._thread.is_alive():
            return False
        self._last_sequence = sequence
        self._thread.join(seconds)
        is_done = not self._thread.is_alive()
        self._abandoned.set()
        self._thread.join()
        return is_done

    def _ask(self, wish: Callable[[Follower], object]) -> None:
        with self._asked:
            self._wanted.append(wish)
            self._asked.notify()

    def _run(self) -> None:
        told = OK
        while not self._abandoned.is_set():
            try:
                self._follow()
            except Exception as error:
                # As after a crash of the process: report it, and start a new follower a moment later.
                status = f"started again: {type(error).__name__}: {error}"
                if status != told:
                    log.exception("the followers failed")
                self._progress.status = told = status
                self._progress.notify()
                self._abandoned.wait(RESTART_SECONDS)
            else:
                return

    def _follow(self) -> None:
        follower = self._make_follower()
        try:
            self._take_steps(follower)
        finally:
            follower.close()

    def _take_steps(self, follower: Follower) -> None:
        while not self._abandoned.is_set() and not self._is_finished(follower):
            is_busy = follower.step()
            self._report(follower)
            with self._asked:
                if not is_busy and not self._wanted:
                    self._asked.wait(IDLE_SECONDS)
                wanted, self._wanted = self._wanted, []
            for wish in wanted:
                wish(follower)
        self._report(follower)

    def _is_finished(self, follower: Follower) -> bool:
        return self._last_sequence is not None and follower.finish(self._last_sequence)

    def _report(self, follower: Follower) -> None:
        progress = self._progress
        progress.status = OK
        progress.replica_sequence = follower.replica_sequence
        progress.report(follower.progress, reads_open=follower.reads_open)
