r"""Frames: the binary layout of a segment. One frame is one write, which is one group commit.

A frame is a header line of 32 bytes and a payload of JSON lines, so a journal can be read with ``less``::

    F1 d 000000c8 1a2b3c4d 5e6f7a8b\n
    |  | |        |        CRC32 of the header up to here
    |  | |        CRC32 of the payload
    |  | length of the payload in bytes
    |  flag
    magic and version of the format

The flag says what was on disk when the frame was written; see ``Flag``. A payload never contains NUL, and newlines only
at the ends of its JSON lines, so no text from a client can look like a header.
"""

import re
import zlib
from enum import StrEnum
from typing import NamedTuple

MAGIC = b"F1 "
HEADER_BYTES = 32
PAYLOAD_BYTES_MAX = 0xFFFF_FFFF
_CHECKED_BYTES = 23
_HEADER = re.compile(rb"F1 ([dsu]) ([0-9a-f]{8}) ([0-9a-f]{8}) ([0-9a-f]{8})\n")
_HEADER_LIKE = b"F1 d 00000000 00000000 00000000\n"
_HEX = b"0123456789abcdef"


class Flag(StrEnum):
    """What is known to be on disk when a frame is written."""

    DURABLE = "d"
    """Everything before it is on disk, and nothing is written after it until it is on disk too."""
    SYNCED = "s"
    """Everything before it is on disk."""
    UNSYNCED = "u"
    """Something before it may not be on disk."""


class FrameHeader(NamedTuple):
    """A header whose checksum holds."""

    flag: Flag
    payload_bytes: int
    payload_crc: int


def encode_frame(flag: Flag, payload: bytes) -> bytes:
    """Return the bytes of a frame: header line and payload."""
    assert 0 < len(payload) <= PAYLOAD_BYTES_MAX
    checked = b"F1 %b %08x %08x " % (flag.encode(), len(payload), zlib.crc32(payload))
    return b"%b%08x\n%b" % (checked, zlib.crc32(checked), payload)


def decode_header(raw: bytes) -> FrameHeader | None:
    """Return the header in these 32 bytes, or None if they are no valid header."""
    match = _HEADER.fullmatch(raw)
    if match is None or int(match[4], 16) != zlib.crc32(raw[:_CHECKED_BYTES]):
        return None
    return FrameHeader(Flag(match[1].decode()), int(match[2], 16), int(match[3], 16))


def begins_header(raw: bytes) -> bool:
    """Return whether fewer than 32 bytes could be the beginning of a header."""
    if len(raw) >= HEADER_BYTES:
        return False
    return all(
        found == like or (like == ord("0") and found in _HEX) or (like == ord("d") and found in b"dsu")
        for found, like in zip(raw, _HEADER_LIKE, strict=False)
    )
