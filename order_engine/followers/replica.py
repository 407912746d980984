"""The replica: applies the journal's records to the same matching core, and so gives the followers their events."""

from collections.abc import Callable
from typing import Protocol

from order_engine.exchange.applied import Applied
from order_engine.exchange.state import ExchangeState
from order_engine.journal.errors import JournalError
from order_engine.journal.record import Record


class RecordSource(Protocol):
    """Reads the journal's records in order and keeps its place; see ``Tail``."""

    def read(self, until_sequence: int, records_max: int) -> list[Record]:
        """Return the next records, none beyond ``until_sequence``."""
        ...

    def close(self) -> None:
        """Close the open file."""


class Replica:
    """A copy of the exchange's state that lags behind it.

    ``load`` returns the newest saved state at or before a sequence. ``open_source`` opens the journal after one.
    """

    def __init__(
        self, load: Callable[[int], ExchangeState], open_source: Callable[[int], RecordSource], sequence: int
    ) -> None:
        self._load = load
        self._open_source = open_source
        self._source: RecordSource | None = None
        self.rewind(sequence)

    @property
    def sequence(self) -> int:
        """The last sequence that was applied."""
        return self.state.sequence

    def rewind(self, sequence: int) -> None:
        """Load the newest snapshot at or before a sequence, and read on from there."""
        self.close()
        self.state = ExchangeState()
        self.state = self._load(sequence)
        self._source = self._open_source(self.state.sequence)

    def read(self, until_sequence: int, weight_max: int) -> list[Applied]:
        """Apply the next records, none beyond ``until_sequence``, and return them with their events.

        The last one reaches ``weight_max``: a record of few commands may have many events.
        """
        applied: list[Applied] = []
        weight = 0
        try:
            # One by one: how many events a record has is known once it is applied.
            while weight < weight_max and (record := self._next(until_sequence)) is not None:
                outcome = self.state.apply(record)
                applied.append(outcome)
                weight += outcome.weight
        except JournalError:
            # Return the records before the damage first. The next call meets the damage again.
            if not applied:
                raise
        return applied

    def _next(self, until_sequence: int) -> Record | None:
        if until_sequence <= self.sequence:
            return None
        assert self._source is not None
        return next(iter(self._source.read(until_sequence, 1)), None)

    def close(self) -> None:
        """Close the journal."""
        source, self._source = self._source, None
        if source is not None:
            source.close()
