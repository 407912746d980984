"""What the continuations of a command ended, for the requests that wait for all of it."""

from weakref import WeakSet

from order_engine.exchange.applied import Applied
from order_engine.matching.commands import Continue
from order_engine.matching.events import OrderCanceled


class Rest:
    """The orders that were canceled after the record of the command ``begun_by``, and the last sequence of these."""

    def __init__(self, begun_by: int) -> None:
        self.begun_by = begun_by
        self.order_ids: list[str] = []
        self.last_sequence = 0


class Rests:
    """Those that somebody still waits for; one that is let go is forgotten."""

    def __init__(self) -> None:
        self._waiting: WeakSet[Rest] = WeakSet()

    def begin(self, begun_by: int) -> Rest:
        """Collect what is canceled from here on."""
        rest = Rest(begun_by)
        self._waiting.add(rest)
        return rest

    def note(self, applied: Applied) -> None:
        """Take note of a record's continuation."""
        if not self._waiting:
            return
        for command, events in zip(applied.record.commands, applied.events, strict=True):
            if type(command) is not Continue:
                continue
            for rest in self._waiting:
                if rest.begun_by == command.begun_by:
                    rest.order_ids += [event.order.order_id for event in events if isinstance(event, OrderCanceled)]
                    rest.last_sequence = applied.record.last_sequence
