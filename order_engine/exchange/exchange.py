"""The exchange: the single writer. Under its lock a thread stamps, applies and appends commands; it does no I/O there.

Every method returns at once, without waiting for the disk. Each result depends on a sequence, which is passed to
``note``. The caller holds the result back until that sequence is visible, so that no client sees what a crash could
lose.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import RLock
from typing import NamedTuple, TypeVar

from order_engine.exchange import views
from order_engine.exchange.applied import Applied
from order_engine.exchange.batch_time import BatchTime
from order_engine.exchange.clock import Clock
from order_engine.exchange.digest import RunningDigest
from order_engine.exchange.due_work import DueWork
from order_engine.exchange.ended_orders import EndedOrder, EndedOrders
from order_engine.exchange.errors import (
    ClockJumped,
    ExchangeHalted,
    ExpiryUnderWay,
    NotReady,
    ProjectionBehind,
    RetryMismatch,
)
from order_engine.exchange.indications import Indications
from order_engine.exchange.lost_connections import is_with_connection, orders_with_connection
from order_engine.exchange.ownership import require_own
from order_engine.exchange.phase import Phase
from order_engine.exchange.recent_changes import RecentChanges
from order_engine.exchange.rests import Rest, Rests
from order_engine.exchange.state import ExchangeState
from order_engine.exchange.views import Depth, Listed, Standing
from order_engine.journal.committer import Committer
from order_engine.journal.errors import JournalError
from order_engine.journal.record import Record, Retry
from order_engine.matching.commands import AmendOrder, CancelOrder, Command, Configure, Continue, PlaceOrder
from order_engine.matching.engine import MatchingEngine, lets_none_trade
from order_engine.matching.events import OrderState
from order_engine.matching.instrument import Instrument

log = logging.getLogger(__name__)

Seen = TypeVar("Seen")


class Submitted(NamedTuple):
    """The record that a request became, with its events; ``replayed`` if an earlier request with this key made it.

    There is a ``rest`` if its command has not ended all orders that it is to end.
    """

    applied: Applied
    replayed: bool
    rest: Rest | None = None


class Exchange:
    """Takes commands and shows books. Thread-safe. It is starting until ``open`` gives it its state and journal.

    ``backlog`` returns how many commands the database is behind. Beyond ``lag_max``, if it is not 0, orders and amends
    are refused. ``note`` receives the sequence that a result depends on, also before an error is raised.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        backlog: Callable[[], int] = lambda: 0,
        lag_max: int = 0,
        on_due_changed: Callable[[], object] = lambda: None,
        note: Callable[[int], object] = lambda _: None,
        batch_time: BatchTime | None = None,
    ) -> None:
        self._lock = RLock()
        self._clock = clock
        self._backlog = backlog
        self._lag_max = lag_max
        self._on_due_changed = on_due_changed
        self._note = note
        self.on_applied: Callable[[Applied], object] = lambda _applied: None
        self._batch_time = batch_time or BatchTime()
        self._due_ns: int | None = None
        self._phase = Phase.STARTING
        self._fault: BaseException | None = None
        self._was_opened = False
        self._ended = EndedOrders()
        self._indications = Indications()
        self._rests = Rests()
        self._state: ExchangeState
        self._journal: Committer
        self._due: DueWork
        self._digest: RunningDigest
        self._changes: RecentChanges

    @property
    def phase(self) -> Phase:
        """The phase of the exchange."""
        return self._phase

    @property
    def fault(self) -> BaseException | None:
        """What halted the exchange, or None."""
        return self._fault

    @property
    def visible_sequence(self) -> int:
        """The last sequence that may be shown; 0 until the exchange is opened."""
        return self._journal.visible_sequence if self._was_opened else 0

    @property
    def applied_sequence(self) -> int:
        """The sequence of the last command applied, visible or not; 0 until the exchange is opened."""
        return self._state.sequence if self._was_opened else 0

    @property
    def digests(self) -> Mapping[int, int]:
        """The digests of the newest whole intervals; see ``RunningDigest``."""
        return self._digest.completed if self._was_opened else {}

    def open(self, state: ExchangeState, journal: Committer, settings: Configure) -> None:
        """Begin to take commands. If ``settings`` differ from the journal's, they are journaled first.

        Then orders are canceled whose connection was lost with the last process.
        """
        with self._lock:
            if self._phase is not Phase.STARTING:
                return
            self._state, self._journal = state, journal
            self._due = DueWork(state.engine, self._take_own)
            self._digest = RunningDigest(state.sequence)
            self._changes = RecentChanges(state.engine.timestamp_ns)
            self._was_opened = True
            self._phase = Phase.OPEN
            if state.sequence == 0 or state.engine.settings != settings:
                timestamp_ns, _ = self._stamp()
                self._due.follow_timetable(timestamp_ns)
                self._take([settings], None, timestamp_ns)
            self.cancel_disconnected(orders_with_connection(state.engine))
            sequence = journal.appended_sequence
        # Commit here, because the committer's thread may not be running yet. It commits what is appended meanwhile.
        journal.commit()
        self.wait_visible(sequence)

    def submit(
        self,
        commands: Sequence[Command],
        retry: Retry | None = None,
        actor: str | None = None,
        owner: str | None = None,
    ) -> Submitted:
        """Carry out commands as one record, all or none of them. The result may be shown once it is visible.

        ``actor`` is who sent them, if that is not the user whom the commands name; ``owner`` the only user for whom the
        sender may act. The same ``retry`` returns the first result again. Commands beyond the bounds of a record are
        not part of it, and nothing came of them. Raises ``NotReady``, ``ExchangeHalted``, ``ProjectionBehind``,
        ``ExpiryUnderWay``, ``ClockJumped``, ``NotTheirOrder`` or ``RetryMismatch``; then nothing came of the commands.
        Only ``ExchangeHalted`` leaves it open: the next start decides which of the last records are on disk.
        """
        with self._lock:
            self._require_open()
            timestamp_ns, jump = self._stamp()
            if retry is not None:
                first = self._first_answer(retry, timestamp_ns)
                if first is not None:
                    return Submitted(first, True, self._rest_of(first))
            if owner is not None:
                self._note(self._state.sequence)
                require_own(self._state.engine, commands, owner)
            if jump is not None and _enter_orders(commands):
                raise jump
            self._require_room_for(commands)
            if not self._due.expire_many(timestamp_ns):
                self._due.follow_timetable(timestamp_ns)
            elif not all(map(lets_none_trade, commands)):
                raise ExpiryUnderWay("Very many orders are expiring. Try again in a moment.")
            self._due.finish_where_named(commands, timestamp_ns)
            applied = self._take(commands, retry, timestamp_ns, actor)
            self._note(applied.record.last_sequence)
            return Submitted(applied, False, self._rest_of(applied))

    def go_on(self, rest: Rest) -> bool:
        """End more of what a command is to end, and wait until that is visible; return whether something is left.

        Others may come between the calls. Raises ``NotReady`` or ``ExchangeHalted``; what is left is ended then all the
        same, here or after the next start.
        """
        with self._lock:
            self._require_open()
            if rest.begun_by in self._state.engine.endings.left:
                self._take([Continue(begun_by=rest.begun_by)], None, self._stamp()[0])
            is_left = rest.begun_by in self._state.engine.endings.left
        self.wait_visible(rest.last_sequence)
        return is_left

    def is_with_connection(self, order_id: str) -> bool:
        """Return whether an order is live and ends with its connection. Raises ``NotReady`` or ``ExchangeHalted``."""
        return self._shown(lambda engine: is_with_connection(engine, order_id))

    def cancel_disconnected(self, order_ids: Iterable[str]) -> None:
        """Cancel those of some orders that are live and end with their connection, which was lost.

        Raises ``NotReady`` or ``ExchangeHalted``; the next start cancels them.
        """
        with self._lock:
            self._require_open()
            for order_id in filter(self.is_with_connection, order_ids):
                self.submit((CancelOrder(order_id=order_id, on_disconnect=True),))

    def keep_time(self) -> int | None:
        """Carry out what is due by now; return when something is due next, or None.

        Raises ``NotReady``, ``ExchangeHalted``, or ``ClockJumped``: after a jump nothing is carried out.
        """
        with self._lock:
            self._require_open()
            timestamp_ns = self._stamp_ns()
            self._due.do(timestamp_ns)
            self._due_ns = self._due.next_ns
            return self._due_ns

    def depth(self, symbol: str, levels: int | None = None, *, indicates: bool = True) -> Depth | None:
        """Return the best levels of a book, all of them by default; None if the symbol is not listed.

        ``indicates`` asks for the auction's indication too. It costs more the further the book is crossed.
        """
        indications = self._indications if indicates else None
        return self._shown(lambda engine: views.depth_of(engine, symbol, levels, indications))

    def instruments(self, after: str, limit: int) -> list[Listed]:
        """List the first ``limit`` instruments after a symbol, by symbol."""
        return self._shown(lambda engine: views.instruments_of(engine, after, limit))

    def instrument(self, symbol: str) -> Listed | None:
        """Return the instrument of a symbol, or None if it is not listed."""
        return self._shown(lambda engine: views.instrument_of(engine, symbol))

    def live_order(self, order_id: str) -> OrderState | None:
        """Return an order as it stands; None if no live order has this id."""
        return self._shown(lambda engine: views.live_order_of(engine, order_id))

    def order_in_memory(self, order_id: str) -> tuple[OrderState, int | None] | None:
        """Show an order that is live, or ended a moment ago, and when it last changed; None if that is not known."""
        return self._shown(lambda engine: self._find_in_memory(engine, order_id))

    def standing(self, user_id: str) -> Standing:
        """Return whether a user's orders are taken, and within which limits."""
        return self._shown(lambda engine: views.standing_of(engine, user_id))

    def ended_order(self, order_id: str) -> EndedOrder | None:
        """Return an order that ended recently; None if it is live, unknown, or ended longer ago."""
        return self._shown(lambda _: self._ended.find(order_id))

    def ended_order_by_client_id(self, user_id: str, client_order_id: str) -> EndedOrder | None:
        """Return a user's order that ended recently, by its client order id."""
        return self._shown(lambda _: self._ended.find_by_client_id(user_id, client_order_id))

    def tick_size_e8(self, symbol: str) -> int:
        """Return an instrument's tick in units of 10^-8, 0 if it is not listed. Needs no lock, works in every phase."""
        book = self._state.engine.books.get(symbol) if self._was_opened else None
        return 0 if book is None else book.instrument.tick_size_e8

    def terms(self, symbol: str) -> Instrument:
        """Return an instrument's terms, those by default if it is not listed; without a lock, once opened."""
        return views.terms_of(self._state.engine, symbol)

    def wait_visible(self, sequence: int, timeout: float | None = None) -> bool:
        """Wait until a sequence is visible; return whether it is.

        Raises ``ExchangeHalted``, and ``NotReady`` if the exchange was never opened.
        """
        if not self._was_opened:
            self._require_open()
        try:
            return self._journal.wait_visible(sequence, timeout)
        except JournalError as error:
            raise self._halted_by(error) from error

    def sync(self) -> int:
        """Sync the journal, whatever its sync mode, and return the last synced sequence.

        Returns 0 until the exchange is opened. Raises ``ExchangeHalted``.
        """
        if not self._was_opened:
            return 0
        try:
            return self._journal.sync()
        except JournalError as error:
            raise self._halted_by(error) from error

    def halt(self, fault: BaseException) -> None:
        """Stop taking commands and showing books. What is on disk stays; a restart recovers it."""
        with self._lock:
            if self._phase in (Phase.HALTED, Phase.CLOSED):
                return
            self._phase = Phase.HALTED
            self._fault = fault
        log.critical("the exchange has halted: %s: %s", type(fault).__name__, fault, exc_info=fault)

    def close(self) -> ExchangeState | None:
        """Commit and sync what was appended, then stop; return the state, or None if it cannot be trusted."""
        with self._lock:
            before, self._phase = self._phase, Phase.CLOSED
        if before is Phase.CLOSED or not self._was_opened:
            return None
        try:
            self._journal.close()
        except JournalError:
            log.exception("the journal could not be closed in good order")
            return None
        return self._state if before is Phase.OPEN else None

    def _shown(self, look: Callable[[MatchingEngine], Seen]) -> Seen:
        """Read the books, and note the sequence that they depend on."""
        with self._lock:
            self._require_open()
            self._note(self._state.sequence)
            return look(self._state.engine)

    def _find_in_memory(self, engine: MatchingEngine, order_id: str) -> tuple[OrderState, int | None] | None:
        live = views.live_order_of(engine, order_id)
        return self._ended.find(order_id) if live is None else (live, self._changes.updated_ns(live))

    def _require_open(self) -> None:
        if self._phase is Phase.OPEN:
            return
        if self._phase is Phase.HALTED:
            raise ExchangeHalted.by(self._fault)
        raise NotReady("The exchange is starting." if self._phase is Phase.STARTING else "The exchange is closing.")

    def _first_answer(self, retry: Retry, timestamp_ns: int) -> Applied | None:
        first = self._state.answers.find(retry, timestamp_ns)
        if first is None:
            return None
        # The first result may not be visible yet; the retry then waits for it too.
        self._note(first.record.last_sequence)
        if first.record.retry != retry:
            raise RetryMismatch(f"The key {retry.key!r} was used for another request.")
        return Applied(first.record, first.events)

    def _require_room_for(self, commands: Iterable[Command]) -> None:
        lag = self._backlog() if self._lag_max else 0
        if lag > self._lag_max and _enter_orders(commands):
            raise ProjectionBehind(f"The database is {lag} commands behind; orders and amends must wait.")

    def _stamp_ns(self) -> int:
        # The exchange's time never goes back, even if the clock was set back before a restart.
        return max(self._clock.now_ns(), self._state.engine.timestamp_ns)

    def _stamp(self) -> tuple[int, ClockJumped | None]:
        """Return the time to stamp. After a jump that is the last time, and ``submit`` refuses orders."""
        try:
            return self._stamp_ns(), None
        except ClockJumped as jump:
            return self._state.engine.timestamp_ns, jump

    def _take(
        self, commands: Sequence[Command], retry: Retry | None, timestamp_ns: int, actor: str | None = None
    ) -> Applied:
        sequence = self._state.sequence + 1
        record = Record(
            sequence=sequence, timestamp_ns=timestamp_ns, commands=tuple(commands), retry=retry, actor=actor
        )
        try:
            applied = self._state.apply(record, self._batch_time.starting_now(len(commands)))
            self._journal.append(applied.record)
            self._digest.add(applied)
            self._ended.note(applied)
            self._changes.note(applied)
            self._rests.note(applied)
            self.on_applied(applied)
            self._note_what_is_due(commands)
        except Exception as error:
            # Either a bug in the core left the books half changed, or the journal failed and the books are ahead of it.
            raise self._halted_by(error) from error
        return applied

    def _take_own(self, commands: list[Command], timestamp_ns: int, actor: str | None = None) -> None:
        self._take(commands, None, timestamp_ns, actor)

    def _rest_of(self, applied: Applied) -> Rest | None:
        sequence = applied.record.last_sequence
        return self._rests.begin(sequence) if sequence in self._state.engine.endings.left else None

    def _note_what_is_due(self, commands: Iterable[Command]) -> None:
        self._due.look_ahead(commands)
        due_ns = self._due.next_ns
        if due_ns != self._due_ns:
            self._due_ns = due_ns
            self._on_due_changed()

    def _halted_by(self, fault: BaseException) -> ExchangeHalted:
        self.halt(fault)
        return ExchangeHalted.by(fault)


def _enter_orders(commands: Iterable[Command]) -> bool:
    return any(isinstance(command, PlaceOrder | AmendOrder) for command in commands)
