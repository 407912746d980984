"""The timetable: when the daily schedules change the state of a session. Days are UTC; no clock is read here."""

from order_engine.matching.commands import ScheduledState, SessionState, SetState
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.order_book import OrderBook

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND

Moment = tuple[int, SessionState]


class Timetable:
    """The scheduled states of all instruments of an engine.

    The exchange asks before each command what is due. So every schedule has been followed up to the time of the
    engine's last command, also after a restart.
    """

    def __init__(self, engine: MatchingEngine) -> None:
        self._engine = engine
        self.next_ns: int | None = None
        self.look_ahead(engine.timestamp_ns)

    def look_ahead(self, after_ns: int) -> None:
        """Find the next moment after ``after_ns``. Call this when it has passed, or when a schedule has changed."""
        self.next_ns = min(
            (next_moment(book.instrument.schedule, after_ns) for book in self._scheduled_books()), default=None
        )

    def due(self, now_ns: int) -> list[SetState]:
        """Return the commands that bring every session to the state that its schedule asks for by now."""
        commands = []
        for book in self._scheduled_books():
            symbol, state = book.instrument.symbol, book.state
            for scheduled in due_states(book.instrument.schedule, self._engine.timestamp_ns, now_ns):
                if scheduled is not state:
                    commands.append(SetState(symbol=symbol, state=scheduled))
                    state = scheduled
        return commands

    def _scheduled_books(self) -> list[OrderBook]:
        books = self._engine.books
        scheduled = [book for book in books.values() if book.instrument.schedule and not book.instrument.is_settled]
        return sorted(scheduled, key=lambda book: book.instrument.symbol)


def next_moment(schedule: tuple[ScheduledState, ...], after_ns: int) -> int:
    """Return the first moment after ``after_ns`` at which a schedule, which is not empty, names a state."""
    midnight_ns = after_ns - after_ns % NS_PER_DAY
    today = [midnight_ns + entry.second_of_day * NS_PER_SECOND for entry in schedule]
    return min(moment if moment > after_ns else moment + NS_PER_DAY for moment in today)


def due_states(schedule: tuple[ScheduledState, ...], after_ns: int, until_ns: int) -> list[SessionState]:
    """Return the states that became due between two moments and still matter, in order.

    That is the latest one. If the session should have closed meanwhile, CLOSED comes before it, because the DAY orders
    end then.
    """
    passed = _moments_of_a_day(schedule, after_ns, until_ns)
    if not passed:
        return []
    *missed, (_, latest) = passed
    closed = SessionState.CLOSED
    closes_before = latest is not closed and any(state is closed for _, state in missed)
    return [closed, latest] if closes_before else [latest]


def _moments_of_a_day(schedule: tuple[ScheduledState, ...], after_ns: int, until_ns: int) -> list[Moment]:
    """List the moments of the last 24 hours, in order. Earlier ones have recurred since: schedules are daily."""
    midnight_ns = until_ns - until_ns % NS_PER_DAY
    first_ns = max(after_ns, until_ns - NS_PER_DAY)
    moments = [
        (day_ns + entry.second_of_day * NS_PER_SECOND, entry.state)
        for day_ns in (midnight_ns - NS_PER_DAY, midnight_ns)
        for entry in schedule
    ]
    return sorted(moment for moment in moments if first_ns < moment[0] <= until_ns)
