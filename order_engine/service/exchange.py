"""The exchange: the single writer. Whoever holds its lock stamps, applies and appends; nobody holds it across I/O.

A command is answered, and its events are published, only once the journal is durable up to it. What it shows of the
books is shown only once what it saw is durable.
"""

import logging
from collections.abc import Iterable, Sequence
from enum import StrEnum
from threading import RLock
from typing import NamedTuple, Protocol

from order_engine.journal.errors import JournalError
from order_engine.journal.record import Record, Retry
from order_engine.journal.writer import JournalWriter
from order_engine.matching.commands import CancelAll, CancelOrder, Command, Configure
from order_engine.matching.instrument import Instrument
from order_engine.matching.price_level import PriceLevel
from order_engine.service.applied import Applied
from order_engine.service.clock import Clock
from order_engine.service.errors import (
    ExchangeHalted,
    NotReady,
    ProjectionBehind,
    RetryInFlight,
    RetryMismatch,
)
from order_engine.service.event_bus import EventBus
from order_engine.service.exchange_state import ExchangeState

log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where the exchange is in its life."""

    STARTING = "starting"
    OPEN = "open"
    HALTED = "halted"
    CLOSED = "closed"


class Answer(NamedTuple):
    """What a request led to; ``replayed`` if it was answered before."""

    applied: Applied
    replayed: bool


class Depth(NamedTuple):
    """The best levels of a book: (price, quantity, number of orders), best first, amounts in units of 10^-8."""

    sequence: int
    instrument: Instrument
    bids: list[tuple[int, int, int]]
    asks: list[tuple[int, int, int]]
    last_trade_price_e8: int | None


class Backlog(Protocol):
    """Something on the right-hand side that must not fall behind without bound."""

    @property
    def lag(self) -> int:
        """Return how many events it has still to deal with."""
        ...


class Exchange:
    """Takes commands and shows books. Thread-safe. It is starting until ``open`` hands it its state and journal."""

    def __init__(self, clock: Clock, backlog: Backlog, lag_max: int) -> None:
        self._lock = RLock()
        self._clock = clock
        self._backlog = backlog
        self._lag_max = lag_max
        self._phase = Phase.STARTING
        self._fault: BaseException | None = None
        self._was_opened = False
        self._state: ExchangeState
        self._journal: JournalWriter
        self._bus: EventBus

    @property
    def phase(self) -> Phase:
        """Where the exchange is in its life."""
        return self._phase

    @property
    def fault(self) -> BaseException | None:
        """What halted the exchange, or None."""
        return self._fault

    @property
    def durable_sequence(self) -> int:
        """The last sequence that is on disk; 0 until the exchange was opened."""
        return self._journal.durable_sequence if self._was_opened else 0

    def open(self, state: ExchangeState, journal: JournalWriter, bus: EventBus, settings: Configure) -> None:
        """Begin to take commands. Settings that the journal does not have yet are journaled first."""
        with self._lock:
            if self._phase is not Phase.STARTING:
                return
            self._state, self._journal, self._bus = state, journal, bus
            self._was_opened = True
            bus.start()
            self._phase = Phase.OPEN
            if state.sequence == 0 or state.engine.settings != settings:
                self._take([settings], None, self._stamp_ns())
        self._wait_durable(journal.appended_sequence)

    def submit(self, commands: Sequence[Command], retry: Retry | None = None) -> Answer:
        """Carry out commands that stand or fall together as one record; return once that is on disk.

        The same ``retry`` gives the first answer again. Raises ``NotReady``, ``ExchangeHalted``, ``ProjectionBehind``,
        ``RetryInFlight`` or ``RetryMismatch``; then nothing was changed, save that after ``ExchangeHalted`` a restart
        decides what of the last records is on disk.
        """
        with self._lock:
            self._require_open()
            timestamp_ns = self._stamp_ns()
            if retry is not None:
                answered = self._answered_before(retry, timestamp_ns)
                if answered is not None:
                    return Answer(answered, replayed=True)
            self._require_room_for(commands)
            applied = self._take(commands, retry, timestamp_ns)
        self._wait_durable(applied.record.last_sequence)
        return Answer(applied, replayed=False)

    def depth(self, symbol: str, levels: int | None = None) -> Depth | None:
        """Show the best levels of a book, all of them by default; None if the symbol is not listed."""
        with self._lock:
            self._require_open()
            book = self._state.engine.books.get(symbol)
            if book is None:
                return None
            sequence, instrument = self._state.sequence, book.instrument
            depth = Depth(
                sequence,
                instrument,
                _levels(book.bids.best_first(levels), instrument),
                _levels(book.asks.best_first(levels), instrument),
                book.last_trade_price_e8,
            )
        self._wait_durable(sequence)
        return depth

    def instruments(self) -> list[Instrument]:
        """List all instruments, by symbol."""
        with self._lock:
            self._require_open()
            sequence, books = self._state.sequence, self._state.engine.books
            instruments = [books[symbol].instrument for symbol in sorted(books)]
        self._wait_durable(sequence)
        return instruments

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol, or None if it is not listed."""
        with self._lock:
            self._require_open()
            sequence, book = self._state.sequence, self._state.engine.books.get(symbol)
        self._wait_durable(sequence)
        return None if book is None else book.instrument

    def wait_sequence(self, sequence: int, timeout: float) -> bool:
        """Wait, at most ``timeout`` seconds, until ``sequence`` is on disk; say whether it is."""
        with self._lock:
            self._require_open()
        return self._journal.wait_beyond(sequence - 1, timeout) >= sequence

    def sync(self) -> int:
        """Put on disk what the journal's mode left to the system to write; return the last sequence, all of it there.

        0 until the exchange was opened.
        """
        sequence = self.durable_sequence
        if self._was_opened:
            try:
                self._journal.sync()
            except JournalError as error:
                self.halt(error)
                raise ExchangeHalted(f"The exchange has halted and needs a restart: {error}") from error
        return sequence

    def halt(self, fault: BaseException) -> None:
        """Stop taking commands and showing books; what is on disk stays, and a restart recovers it."""
        with self._lock:
            if self._phase in (Phase.HALTED, Phase.CLOSED):
                return
            self._phase = Phase.HALTED
            self._fault = fault
        log.critical("the exchange has halted: %s: %s", type(fault).__name__, fault, exc_info=fault)

    def close(self) -> ExchangeState | None:
        """Finish what is in flight, then stop; return the state, all of it on disk, or None if none can be trusted."""
        with self._lock:
            before, self._phase = self._phase, Phase.CLOSED
        if before is Phase.CLOSED or not self._was_opened:
            return None
        try:
            self._journal.close()
        except JournalError:
            log.exception("the journal could not be closed in good order")
            return None
        self._bus.join()
        return self._state if before is Phase.OPEN else None

    def _require_open(self) -> None:
        if self._phase is Phase.OPEN:
            return
        if self._phase is Phase.HALTED:
            raise ExchangeHalted(f"The exchange has halted and needs a restart: {self._fault}")
        raise NotReady("The exchange is starting." if self._phase is Phase.STARTING else "The exchange is closing.")

    def _answered_before(self, retry: Retry, timestamp_ns: int) -> Applied | None:
        answered = self._state.answers.find(retry, timestamp_ns)
        if answered is None:
            return None
        if answered.record.retry != retry:
            raise RetryMismatch(f"The key {retry.key!r} was used for another request.")
        if answered.record.last_sequence > self._journal.durable_sequence:
            raise RetryInFlight(f"The first request with the key {retry.key!r} is still in flight.")
        return Applied(answered.record, answered.events)

    def _require_room_for(self, commands: Iterable[Command]) -> None:
        lag = self._backlog.lag
        if lag > self._lag_max and not all(isinstance(command, CancelOrder | CancelAll) for command in commands):
            raise ProjectionBehind(f"The database is {lag} events behind; until it catches up only cancels are taken.")

    def _stamp_ns(self) -> int:
        # A clock that was set back, before a restart too, does not turn back the exchange's time.
        return max(self._clock.now_ns(), self._state.engine.timestamp_ns)

    def _take(self, commands: Sequence[Command], retry: Retry | None, timestamp_ns: int) -> Applied:
        sequence = self._state.sequence + 1
        record = Record(sequence=sequence, timestamp_ns=timestamp_ns, commands=tuple(commands), retry=retry)
        try:
            applied = self._state.apply(record)
            self._journal.append(record)
        except Exception as error:
            # Either the core has a bug and the books are half changed, or they are ahead of a journal that has failed.
            self.halt(error)
            raise ExchangeHalted(f"The exchange has halted and needs a restart: {error}") from error
        self._bus.enqueue(applied)
        return applied

    def _wait_durable(self, sequence: int) -> None:
        try:
            self._journal.wait_durable(sequence)
        except JournalError as error:
            self.halt(error)
            raise ExchangeHalted(f"The exchange has halted and needs a restart: {error}") from error


def _levels(levels: Iterable[PriceLevel], instrument: Instrument) -> list[tuple[int, int, int]]:
    tick, lot = instrument.tick_size_e8, instrument.lot_size_e8
    return [(level.price_ticks * tick, level.quantity_lots * lot, level.length) for level in levels]
