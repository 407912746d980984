"""What is due before a command and beside all commands: schedules, expiries, and what a bound left undone."""

from collections.abc import Iterable
from typing import Protocol

from order_engine.exchange.timetable import Timetable
from order_engine.matching.commands import Command, DelistInstrument, ExpireDue, SetInstrument, SettleInstrument
from order_engine.matching.engine import MatchingEngine

SCHEDULE = "the schedule"
_CHANGE_SCHEDULES = frozenset({SetInstrument, SettleInstrument, DelistInstrument})


class Take(Protocol):
    """Carries out commands as one record."""

    def __call__(self, commands: list[Command], timestamp_ns: int, actor: str | None = None) -> object:
        """Take them at a time."""


class DueWork:
    """Asks for commands of the exchange's own. Its caller holds the exchange's lock."""

    def __init__(self, engine: MatchingEngine, take: Take) -> None:
        self._engine = engine
        self._take = take
        self._timetable = Timetable(engine)

    @property
    def next_ns(self) -> int | None:
        """The time at which something is due next; None if nothing ever is."""
        if self._engine.left_over is not None:
            return self._engine.timestamp_ns
        expires_ns, scheduled_ns = self._engine.expiries.next_ns, self._timetable.next_ns
        if expires_ns is None or scheduled_ns is None:
            return scheduled_ns if expires_ns is None else expires_ns
        return min(expires_ns, scheduled_ns)

    def do(self, timestamp_ns: int) -> None:
        """Do what is due by now, but no more than one record of what may take many: others may come between."""
        if self.expire_many(timestamp_ns):
            return
        self.follow_timetable(timestamp_ns)
        if self._expires_by(timestamp_ns):
            self._take([ExpireDue()], timestamp_ns)
        left_over = self._engine.left_over
        if left_over is not None:
            self._take([left_over], timestamp_ns)

    def expire_many(self, timestamp_ns: int) -> bool:
        """Expire some orders if too many may be due for one record; return whether more are due."""
        engine = self._engine
        if len(engine.expiries.heap) <= engine.endings.orders_max or not self._expires_by(timestamp_ns):
            return False
        self._take([ExpireDue()], timestamp_ns)
        return self._expires_by(timestamp_ns)

    def follow_timetable(self, timestamp_ns: int) -> None:
        """Carry out the state changes that the schedules ask for by now, before the next command."""
        scheduled_ns = self._timetable.next_ns
        if scheduled_ns is None or scheduled_ns > timestamp_ns:
            return
        commands: list[Command] = [*self._timetable.due(timestamp_ns)]
        self._timetable.look_ahead(timestamp_ns)
        if commands:
            self.finish_where_named(commands, timestamp_ns)
            self._take(commands, timestamp_ns, SCHEDULE)

    def finish_where_named(self, commands: Iterable[Command], timestamp_ns: int) -> None:
        """Before commands that name an instrument, do what a bound left undone there."""
        for command in commands:
            while (left_over := self._engine.left_over_for(command)) is not None:
                self._take([left_over], timestamp_ns)

    def look_ahead(self, commands: Iterable[Command]) -> None:
        """Take note of schedules that commands have made or ended."""
        if any(type(command) in _CHANGE_SCHEDULES for command in commands):
            self._timetable.look_ahead(self._engine.timestamp_ns)

    def _expires_by(self, timestamp_ns: int) -> bool:
        expires_ns = self._engine.expiries.next_ns
        return expires_ns is not None and expires_ns <= timestamp_ns
