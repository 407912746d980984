"""Searches the log: who did what, with which outcome, and why an order ended as it did.

The log is read once, line by line. Lines that cannot match are not decoded.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from order_engine.followers.audit.entries import Entry, OrderOutcome, decode_entry, split_line
from order_engine.followers.audit.errors import AuditDamaged
from order_engine.followers.audit.files import AUDIT_DIRECTORY, AuditSegment, list_segments, read_header
from order_engine.followers.audit.reasons import because
from order_engine.journal.disk import Disk
from order_engine.journal.record import UNDECODABLE
from order_engine.wire.timestamps import format_timestamp, parse_rfc_3339

_LIVE = frozenset({"OPEN", "PARTIALLY_FILLED", "PENDING"})


class Filter(Struct, frozen=True, kw_only=True):
    """Selects entries; ``since`` is a time in the log's format."""

    order_id: str | None = None
    user_id: str | None = None
    since: str | None = None

    @staticmethod
    def of(order_id: str | None, user_id: str | None, since: str | None) -> "Filter":
        """Make a filter from arguments of the command line; raises ``ValueError`` if ``since`` is no time."""
        moment = None if since is None else format_timestamp(parse_rfc_3339(since))
        return Filter(order_id=order_id, user_id=user_id, since=moment)

    def concerns(self, entry: Entry) -> bool:
        """Return whether an entry is selected."""
        if self.since is not None and entry.time < self.since:
            return False
        if self.order_id is not None and self.order_id not in entry.orders:
            return False
        if self.user_id is None or self.user_id in (entry.by, entry.user):
            return True
        return any(order.user == self.user_id for order in entry.orders.values())

    def needles(self) -> list[bytes]:
        """Return the texts that a line must contain to be decoded."""
        return [text.encode() for text in (self.order_id, self.user_id) if text is not None and _is_plain(text)]


def matching_entries(directory: Path, disk: Disk, wanted: Filter) -> Iterator[Entry]:
    """Yield the selected entries, in order; raises ``AuditDamaged`` if a line cannot be decoded."""
    needles = wanted.needles()
    for segment in _segments_since(list_segments(directory, disk), disk, wanted.since):
        with disk.open_read(segment.path) as file:
            offset = len(file.readline())
            for line in file:
                if all(needle in line for needle in needles) and (parts := split_line(line)) is not None:
                    entry = _decoded(parts[0], segment.path, offset)
                    if wanted.concerns(entry):
                        yield entry
                offset += len(line)


def matching_lines(data_directory: Path, disk: Disk, wanted: Filter, *, as_json: bool) -> Iterator[str]:
    """Yield the selected entries line by line, as sentences or as JSON."""
    found = matching_entries(data_directory / AUDIT_DIRECTORY, disk, wanted)
    if as_json:
        yield from (msgspec.json.encode(entry).decode() for entry in found)
    elif wanted.order_id is None:
        yield from map(sentences_of, found)
    else:
        yield from _with_ending(wanted.order_id, found)


def sentences_of(entry: Entry) -> str:
    """Return an entry as sentences."""
    outcome = "; ".join(entry.outcome) or "nothing was to be done"
    part = "" if entry.part is None else f", {entry.part}"
    return f"{entry.sequence}{part}, at {entry.time}: {entry.by} asked to {entry.command}. {_capital(outcome)}."


def _with_ending(order_id: str, found: Iterable[Entry]) -> Iterator[str]:
    """Yield the entries of one order as sentences, and at the end its status, or why it ended."""
    last: tuple[Entry, OrderOutcome] | None = None
    for entry in found:
        outcome = entry.orders[order_id]
        if outcome.status is not None:
            last = entry, outcome
        yield sentences_of(entry)
    yield f"No such order {order_id} was found." if last is None else _standing(order_id, *last)


def _standing(order_id: str, entry: Entry, outcome: OrderOutcome) -> str:
    name = f"Order {order_id}" if outcome.user is None else f"Order {order_id} of {outcome.user}"
    traded = f"{outcome.filled} of {outcome.quantity} traded"
    if outcome.status in _LIVE:
        return f"{name} is live and {outcome.status}, with {traded}."
    why = "" if outcome.reason is None else f" {because(outcome.reason)}"
    return f"{name} ended {outcome.status} at {entry.time}, by command {entry.sequence}, with {traded}{why}."


def _segments_since(segments: list[AuditSegment], disk: Disk, since: str | None) -> list[AuditSegment]:
    if since is None:
        return segments
    earlier = [number for number, segment in enumerate(segments) if read_header(segment, disk).time < since]
    return segments[earlier[-1] if earlier else 0 :]


def _decoded(body: bytes, path: Path, offset: int) -> Entry:
    try:
        return decode_entry(body)
    except UNDECODABLE as error:
        raise AuditDamaged(path, offset, "an entry", str(error)) from error


def _is_plain(text: str) -> bool:
    """Return whether JSON writes a text without escapes."""
    return text.isascii() and text.isprintable() and not set(text) & {'"', "\\"}


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
