"""Runs continuations, the parts of requests that read the database, in a few threads behind a bulkhead.

One that waits until the database shows a sequence holds no thread. A slow, locked or absent database delays only these
requests: when all threads and their queue are full, the next one is refused at once.
"""

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from threading import Thread
from time import monotonic, thread_time
from typing import NamedTuple

from order_engine.api.plumbing.parking import Continuation
from order_engine.server.compression import compressed, wants_gzip
from order_engine.server.read_pace import ReadPace
from order_engine.server.response_bytes import HttpResponse, WsgiCaller
from order_engine.server.served_venue import DatabaseProgress, Environ

READERS = 8
READS_QUEUED_MAX = 64
READS_AWAITED_MAX = 1_000

# Called in the loop with the response, or with the exception that ended the read.
Finish = Callable[[Environ, HttpResponse | Exception], None]
CallInLoop = Callable[[Callable[[], None]], object]
_Waiting = tuple[int, float, Callable[[], None]]


class DatabaseBusy(Exception):
    """All readers are busy and their queue is full."""


class _Submitted(NamedTuple):
    environ: Environ
    continuation: Continuation
    finish: Finish


class ContinuationPool:
    """Runs continuations in threads. Methods are called in the loop; ``call_in_loop`` may be called from any thread."""

    def __init__(
        self, call_in_loop: CallInLoop, pace: ReadPace, readers: int = READERS, queued_max: int = READS_QUEUED_MAX
    ) -> None:
        self._call_in_loop = call_in_loop
        self._pace = pace
        self._under_way_max = readers + queued_max
        self._under_way = 0
        self._queue: SimpleQueue[_Submitted | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"reader-{n}", daemon=True) for n in range(readers)]
        for thread in self._threads:
            thread.start()

    def submit(self, environ: Environ, continuation: Continuation, finish: Finish) -> None:
        """Run a continuation in one of the threads; raises ``DatabaseBusy``."""
        if self._under_way >= self._under_way_max:
            raise DatabaseBusy("The database has as many reads to do as it can. Try again.")
        self._under_way += 1
        self._queue.put(_Submitted(environ, continuation, finish))

    def close(self) -> None:
        """End the threads after the reads that are queued."""
        for _ in self._threads:
            self._queue.put(None)

    def _run(self) -> None:
        caller = WsgiCaller()
        while (submitted := self._queue.get()) is not None:
            drawn, begun = self._pace.await_turn(), thread_time()
            try:
                response = caller.call(submitted.continuation.run)
                outcome: HttpResponse | Exception = (
                    compressed(response) if wants_gzip(submitted.environ, response) else response
                )
            except Exception as error:  # noqa: BLE001 -- the dispatcher reports it
                outcome = error
            self._pace.charge(drawn, thread_time() - begun)
            self._call_in_loop(partial(self._finish, submitted, outcome))

    def _finish(self, submitted: _Submitted, outcome: HttpResponse | Exception) -> None:
        self._under_way -= 1
        submitted.finish(submitted.environ, outcome)


class WaitingContinuations:
    """Continuations that wait, without a thread, until the database shows a sequence or their time is over."""

    def __init__(self, progress: DatabaseProgress, waiting_max: int = READS_AWAITED_MAX) -> None:
        self._progress = progress
        self._waiting_max = waiting_max
        self._waiting: list[_Waiting] = []

    def start_when_shown(self, continuation: Continuation, start: Callable[[], None]) -> None:
        """Call ``start`` when the database shows the sequence; raises ``DatabaseBusy`` if too many wait."""
        sequence = continuation.min_sequence
        if not sequence or self._progress.shows(sequence):
            start()
            return
        if len(self._waiting) >= self._waiting_max:
            raise DatabaseBusy("Too many reads wait for the database to catch up. Try again.")
        self._waiting.append((sequence, monotonic() + continuation.seconds, start))
        self._progress.want(sequence)

    def look(self) -> None:
        """Start those whose sequence is shown or whose time is over."""
        if not self._waiting:
            return
        now, shows = monotonic(), self._progress.shows
        waited, self._waiting = self._waiting, []
        ready: list[_Waiting] = []
        for entry in waited:
            is_ready = entry[1] <= now or shows(entry[0])
            (ready if is_ready else self._waiting).append(entry)
        for _, _, start in ready:
            start()
