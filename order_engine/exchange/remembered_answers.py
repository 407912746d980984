"""Remembered answers: a retry with the same idempotency key returns the first outcome again, also after a restart.

They are part of the exchange's state: built from the journal's records and dumped with every snapshot. An answer is
kept for 24 hours of command time, or until newer ones need its room. Small and large answers have separate rooms, so
that a mass cancel does not push out all other answers. All but the newest are compressed, small ones together: as
objects they took more memory than the books.
"""

import zlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from msgspec import Struct

from order_engine.exchange.applied import Applied
from order_engine.journal.record import Record, Retry
from order_engine.matching.commands import Continue
from order_engine.matching.events import Event

AGE_MAX_NS = 24 * 3600 * 1_000_000_000
ROOM_EVENTS = 50_000
SMALL_EVENTS_MAX = 5_000
PACKED_EVENTS_MIN = 100
"""An answer with so many events is compressed by itself."""
PACKED_TOGETHER_EVENTS = 200
"""Smaller answers are compressed once they have so many together: equal words then cost little."""
_FASTEST = 1


class RememberedAnswer(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """A record that came with an idempotency key, and the events that it caused."""

    record: Record
    events: list[list[Event]]

    @property
    def weight(self) -> int:
        """How many events this answer keeps in memory; at least 1."""
        return max(1, sum(map(len, self.events)))

    @property
    def name(self) -> tuple[str, str]:
        """The scope and the key of the request."""
        retry = self.record.retry
        assert retry is not None
        return retry.scope, retry.key


class RememberedAnswers:
    """Answers by scope and key."""

    def __init__(self, answers: Iterable[RememberedAnswer]) -> None:
        self._small, self._large = _Room(), _Room()
        for answer in answers:
            self._add(answer)

    def find(self, retry: Retry, timestamp_ns: int) -> RememberedAnswer | None:
        """Return the answer under this scope and key, unless it is too old. It may belong to a different request."""
        name = (retry.scope, retry.key)
        kept = self._small.answers.get(name) or self._large.answers.get(name)
        if kept is None or kept.timestamp_ns < timestamp_ns - AGE_MAX_NS:
            return None
        return kept.unpacked()

    def remember(self, applied: Applied) -> None:
        """Keep the outcome of a record with a key; then forget answers that are too old or too many.

        What a continuation did belongs to the answer of the command that it goes on with.
        """
        if applied.record.retry is not None:
            self._add(RememberedAnswer(record=applied.record, events=applied.events))
        for command, events in zip(applied.record.commands, applied.events, strict=True):
            if type(command) is Continue and command.begun_by is not None:
                self._extend(command.begun_by, events)
        oldest_ns = applied.record.timestamp_ns - AGE_MAX_NS
        self._small.tidy(oldest_ns)
        self._large.tidy(oldest_ns)

    def __len__(self) -> int:
        return len(self._small.answers) + len(self._large.answers)

    def dump(self) -> Iterator[bytes]:
        """Yield the answers as JSON, oldest first."""
        kept = [*self._small.answers.values(), *self._large.answers.values()]
        return _encoded(sorted(kept, key=lambda each: each.sequence))

    def _extend(self, begun_by: int, events: list[Event]) -> None:
        for room in (self._small, self._large):
            for kept in reversed(room.answers.values()):
                if kept.sequence <= begun_by <= kept.last_sequence:
                    longer = kept.extended(begun_by - kept.sequence, events)
                    if room is self._small and longer.weight > SMALL_EVENTS_MAX:
                        self._small.forget(kept.name)
                        self._large.insert(longer)
                    else:
                        room.replace(longer)
                    return

    def _add(self, answer: RememberedAnswer) -> None:
        kept = _keep(answer)
        room = self._small if kept.weight <= SMALL_EVENTS_MAX else self._large
        room.add(kept)


class _Kept(NamedTuple):
    """An answer as it is kept: an object, or its JSON in the line ``place`` of a compressed text.

    ``later`` is what continuations did, compressed piece by piece, each with the number of the command in the record.
    """

    name: tuple[str, str]
    sequence: int
    last_sequence: int
    timestamp_ns: int
    weight: int
    answer: RememberedAnswer | bytes
    place: int = 0
    later: tuple[tuple[int, bytes], ...] = ()

    def unpacked(self) -> RememberedAnswer:
        answer = decode_answer(_unpack(self.answer)[self.place]) if isinstance(self.answer, bytes) else self.answer
        if not self.later:
            return answer
        events = [[*each] for each in answer.events]
        for place, packed in self.later:
            events[place] += _decode_events(zlib.decompress(packed))
        return RememberedAnswer(record=answer.record, events=events)

    def extended(self, place: int, events: list[Event]) -> "_Kept":
        packed = zlib.compress(_encode(events), _FASTEST)
        return self._replace(weight=self.weight + len(events), later=(*self.later, (place, packed)))


def _keep(answer: RememberedAnswer) -> _Kept:
    record, weight = answer.record, answer.weight
    packed = _pack([answer]) if weight >= PACKED_EVENTS_MIN else answer
    return _Kept(answer.name, record.sequence, record.last_sequence, record.timestamp_ns, weight, packed)


def _pack(answers: Iterable[RememberedAnswer]) -> bytes:
    return zlib.compress(b"\n".join(map(_encode, answers)), _FASTEST)


def _unpack(packed: bytes) -> list[bytes]:
    return zlib.decompress(packed).split(b"\n")


def _encoded(kept: Iterable[_Kept]) -> Iterator[bytes]:
    """Yield answers as JSON; unpack those that were packed together once if they follow each other."""
    packed, lines = b"", [b""]
    for each in kept:
        if each.later or isinstance(each.answer, RememberedAnswer):
            yield _encode(each.unpacked())
            continue
        if each.answer is not packed:
            packed, lines = each.answer, _unpack(each.answer)
        yield lines[each.place]


class _Room:
    """Answers of at most ``ROOM_EVENTS`` events in all, oldest first. The newest is kept however large it is."""

    def __init__(self) -> None:
        # Not a plain dict: finding its first item gets slower with every item deleted at its beginning.
        self.answers: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._weight = 0
        self._newest: dict[tuple[str, str], RememberedAnswer] = {}
        self._newest_weight = 0

    def add(self, kept: _Kept) -> None:
        # A key may be used again once its answer is too old.
        self.forget(kept.name)
        self.answers[kept.name] = kept
        self._weight += kept.weight
        if isinstance(kept.answer, RememberedAnswer):
            self._newest[kept.name] = kept.answer
            self._newest_weight += kept.weight
            if self._newest_weight >= PACKED_TOGETHER_EVENTS:
                self._pack_newest()

    def replace(self, kept: _Kept) -> None:
        self._weight += kept.weight - self.answers[kept.name].weight
        self.answers[kept.name] = kept

    def insert(self, kept: _Kept) -> None:
        self.add(kept)
        # As they are after a snapshot is loaded.
        self.answers = OrderedDict(sorted(self.answers.items(), key=lambda item: item[1].sequence))

    def forget(self, name: tuple[str, str]) -> None:
        kept = self.answers.pop(name, None)
        if kept is not None:
            self._weight -= kept.weight
            self._newest.pop(name, None)

    def _pack_newest(self) -> None:
        packed = _pack(self._newest.values())
        for place, name in enumerate(self._newest):
            self.answers[name] = self.answers[name]._replace(answer=packed, place=place)
        self._newest.clear()
        self._newest_weight = 0

    def tidy(self, oldest_ns: int) -> None:
        while self.answers:
            oldest = next(iter(self.answers.values()))
            has_room = self._weight <= ROOM_EVENTS or len(self.answers) == 1
            if has_room and oldest.timestamp_ns >= oldest_ns:
                return
            self.forget(oldest.name)


_encode = msgspec.json.Encoder().encode
decode_answer = msgspec.json.Decoder(RememberedAnswer).decode
_decode_events = msgspec.json.Decoder(list[Event]).decode
