"""Tells a torn tail from damage. A crash may lose what was never acknowledged; damage must stop the start.

After a crash the last, unsynced frames of the last segment may be cut short, or have whole sectors of zeros where the
disk had not written yet. Any other bad frame is damage, and so is one that a later frame shows to have been on disk.
"""

from pathlib import Path
from typing import BinaryIO, NamedTuple

from order_engine.journal.errors import JournalDamaged
from order_engine.journal.frames import HEADER_BYTES, MAGIC, Flag, FrameHeader, begins_header, decode_header

SECTOR_BYTES = 512
_SCAN_BYTES = 1 << 20


class BadFrame(NamedTuple):
    """A frame that cannot be read: what was expected and found, and its header if that is good."""

    path: Path
    offset: int
    header: FrameHeader | None
    expected: str
    found: str

    def as_damage(self) -> JournalDamaged:
        """Return the error for this frame."""
        return JournalDamaged(self.path, self.offset, self.expected, self.found)


def require_torn(stream: BinaryIO, bad: BadFrame, size: int) -> None:
    """Raise ``JournalDamaged`` unless a crash explains this frame. The segment is ``size`` bytes long."""
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
    """Return where the frame ends. Without a good header only its first 32 bytes are known to belong to it."""
    payload_bytes = 0 if bad.header is None else bad.header.payload_bytes
    return min(bad.offset + HEADER_BYTES + payload_bytes, size)


def _is_cut_short(stream: BinaryIO, bad: BadFrame, size: int) -> bool:
    if bad.header is not None:
        return bad.offset + HEADER_BYTES + bad.header.payload_bytes > size
    stream.seek(bad.offset)
    return begins_header(stream.read(HEADER_BYTES))


def _has_lost_sectors(stream: BinaryIO, bad: BadFrame, size: int) -> bool:
    """Return whether the frame has lost sectors, and no NUL outside of them.

    A disk writes whole sectors, so NULs in only a part of a sector are damage. The first sector may begin with bytes
    from before the frame. The last sector may also hold later frames, which are lost with it.
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
    """Return the offset of the first good header that says that everything before it was on disk, or None."""
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
