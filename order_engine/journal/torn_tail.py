"""Torn tail or damage? A crash may cost what was never acknowledged; anything else must stop the start.

A crash leaves the last, unsynced frames of the last segment cut short, or with whole sectors reading as zeros where
the disk had not yet written them. A bad frame that looks otherwise, or that a later frame shows to have been on disk,
is damage.
"""

from pathlib import Path
from typing import BinaryIO, NamedTuple

from order_engine.journal.errors import JournalDamaged
from order_engine.journal.frames import HEADER_BYTES, MAGIC, Flag, FrameHeader, begins_header, decode_header

SECTOR_BYTES = 512
_SCAN_BYTES = 1 << 20


class BadFrame(NamedTuple):
    """A frame that does not read back, the expectation it failed, and its header where that much is good."""

    path: Path
    offset: int
    header: FrameHeader | None
    expected: str
    found: str

    def as_damage(self) -> JournalDamaged:
        """Return the error that names this frame."""
        return JournalDamaged(self.path, self.offset, self.expected, self.found)


def require_torn(stream: BinaryIO, bad: BadFrame, size: int) -> None:
    """Raise ``JournalDamaged`` unless a crash explains this frame of the last segment, ``size`` bytes long."""
    if not (_is_cut_short(stream, bad, size) or _has_lost_sectors(stream, bad, size)):
        raise bad.as_damage()
    end = _end_of(bad, size)
    if bad.header is not None and bad.header.flag is Flag.DURABLE and end < size:
        raise bad._replace(found=f"{bad.found}, and bytes after it, written once it was on disk").as_damage()
    later = _later_synced_frame(stream, bad.offset + 1, size)
    if later is not None:
        found = f"{bad.found}, and at byte {later} a frame that was written once this one was on disk"
        raise bad._replace(found=found).as_damage()


def _end_of(bad: BadFrame, size: int) -> int:
    """Where the frame ends; without its header only its first 32 bytes are known to be its own."""
    payload_bytes = 0 if bad.header is None else bad.header.payload_bytes
    return min(bad.offset + HEADER_BYTES + payload_bytes, size)


def _is_cut_short(stream: BinaryIO, bad: BadFrame, size: int) -> bool:
    if bad.header is not None:
        return bad.offset + HEADER_BYTES + bad.header.payload_bytes > size
    stream.seek(bad.offset)
    return begins_header(stream.read(HEADER_BYTES))


def _has_lost_sectors(stream: BinaryIO, bad: BadFrame, size: int) -> bool:
    """Tell whether every NUL in the frame is part of a sector that is zero from the frame's start on.

    A disk writes sectors whole: NULs in a part of one are no lost write. A sector may also hold what was on disk
    before the frame, and frames that came after it, which then are lost with it.
    """
    end = _end_of(bad, size)
    lost = 0
    position = bad.offset
    while position < end:
        sector_end = min(position - position % SECTOR_BYTES + SECTOR_BYTES, size)
        stream.seek(position)
        part = stream.read(sector_end - position)
        if not part.strip(b"\0"):
            lost += 1
        elif b"\0" in part[: end - position]:
            return False
        position = sector_end
    return lost > 0


def _later_synced_frame(stream: BinaryIO, position: int, size: int) -> int | None:
    """Return where the first good header lies that says all before it was on disk, or None."""
    while position < size:
        stream.seek(position)
        window = stream.read(_SCAN_BYTES + HEADER_BYTES - 1)
        found = window.find(MAGIC)
        while found >= 0:
            header = decode_header(window[found : found + HEADER_BYTES])
            if header is not None and header.flag is not Flag.UNSYNCED:
                return position + found
            found = window.find(MAGIC, found + 1)
        position += _SCAN_BYTES
    return None
