"""Remembered answers: what makes a repeated request give its first answer again, also after a restart.

They are part of the exchange's state: made by the journal's records, dumped with every snapshot. An answer is kept for
24 hours of command time; together they keep at most ``EVENTS_MAX`` events, the oldest going first.
"""

from msgspec import Struct

from order_engine.journal.record import Record, Retry
from order_engine.matching.events import Event
from order_engine.service.applied import Applied

AGE_MAX_NS = 24 * 3600 * 1_000_000_000
EVENTS_MAX = 50_000


class RememberedAnswer(Struct, frozen=True, kw_only=True, gc=False):
    """A record that came with an idempotency key, and what became of it."""

    record: Record
    events: list[list[Event]]

    @property
    def weight(self) -> int:
        """How many events this answer keeps in memory; at least 1."""
        return max(1, sum(map(len, self.events)))


class RememberedAnswers:
    """Answers by scope and key, oldest first."""

    def __init__(self, answers: list[RememberedAnswer]) -> None:
        self._answers: dict[tuple[str, str], RememberedAnswer] = {}
        self._weight = 0
        for answer in answers:
            self._add(answer)

    def find(self, retry: Retry, timestamp_ns: int) -> RememberedAnswer | None:
        """Return the answer that was given under this scope and key, whatever was asked then, if not too old by now."""
        answer = self._answers.get((retry.scope, retry.key))
        if answer is None or answer.record.timestamp_ns < timestamp_ns - AGE_MAX_NS:
            return None
        return answer

    def remember(self, applied: Applied) -> None:
        """Keep what a record with a key led to, and forget what is too old or too much at its time."""
        oldest_ns = applied.record.timestamp_ns - AGE_MAX_NS
        if applied.record.retry is not None:
            self._add(RememberedAnswer(record=applied.record, events=applied.events))
        while self._answers:
            oldest = next(iter(self._answers.values()))
            if oldest.record.timestamp_ns >= oldest_ns and self._weight <= EVENTS_MAX:
                break
            self._forget(oldest)

    def dump(self) -> list[RememberedAnswer]:
        """Copy the answers, oldest first."""
        return list(self._answers.values())

    def _add(self, answer: RememberedAnswer) -> None:
        retry = answer.record.retry
        assert retry is not None
        outdated = self._answers.get((retry.scope, retry.key))
        if outdated is not None:
            self._forget(outdated)
        self._answers[retry.scope, retry.key] = answer
        self._weight += answer.weight

    def _forget(self, answer: RememberedAnswer) -> None:
        retry = answer.record.retry
        assert retry is not None
        del self._answers[retry.scope, retry.key]
        self._weight -= answer.weight
