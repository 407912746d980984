"""Joins PNG pictures of one size to an animated PNG. Where that is not understood, the first one is shown."""

import struct
import zlib
from collections.abc import Iterator, Sequence

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES = 13


def animated(pictures: Sequence[bytes], milliseconds: int) -> bytes:
    """Show each picture so long, again and again."""
    size = struct.unpack(">II", _header(pictures[0])[:8])
    written = [SIGNATURE, _chunk(b"IHDR", _header(pictures[0])), _chunk(b"acTL", struct.pack(">II", len(pictures), 0))]
    number = 0
    for place, picture in enumerate(pictures):
        assert _header(picture) == _header(pictures[0]), "pictures of several sizes or kinds"
        written.append(_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, *size, 0, 0, milliseconds, 1_000, 0, 0)))
        number += 1
        for name, data in _chunks(picture):
            if name == b"IDAT" and place == 0:
                written.append(_chunk(b"IDAT", data))
            elif name == b"IDAT":
                written.append(_chunk(b"fdAT", struct.pack(">I", number) + data))
                number += 1
    return b"".join([*written, _chunk(b"IEND", b"")])


def _header(picture: bytes) -> bytes:
    return next(data for name, data in _chunks(picture) if name == b"IHDR")[:HEADER_BYTES]


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(SIGNATURE)
    while place < len(picture):
        (length,) = struct.unpack_from(">I", picture, place)
        yield picture[place + 4 : place + 8], picture[place + 8 : place + 8 + length]
        place += length + 12


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
