"""Segments: the files of a journal. Each is named for its first sequence and begins with a header frame.

The header frame holds one JSON line, with the journal's id and the version of the matching rules.
"""

import re
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from order_engine.journal.disk import Disk

FORMAT = 1
_NAME = re.compile(r"([0-9]{20})\.journal")


class SegmentHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line of a segment. All segments of a journal share its ``journal_id``."""

    format: int
    journal_id: str
    rules_version: int
    first_sequence: int
    created_ns: int


class Segment(NamedTuple):
    """A segment file, as its name describes it."""

    path: Path
    first_sequence: int


encode_segment_header = msgspec.json.Encoder().encode
decode_segment_header = msgspec.json.Decoder(SegmentHeader).decode


def segment_path(directory: Path, first_sequence: int) -> Path:
    """Return the path of the segment that begins with this sequence."""
    return directory / f"{first_sequence:020d}.journal"


def list_segments(directory: Path, disk: Disk) -> list[Segment]:
    """Return the segments in a directory, in order of sequence. Other files are ignored."""
    matches = [_NAME.fullmatch(name) for name in disk.names(directory)]
    return [Segment(directory / match[0], int(match[1])) for match in matches if match is not None]
