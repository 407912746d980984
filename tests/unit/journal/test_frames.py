"""Frames: the bytes of the format, and valid headers."""

import pytest

from order_engine.journal.frames import HEADER_BYTES, Flag, begins_header, decode_header, encode_frame


def test_frame_is_a_header_line_and_the_payload() -> None:
    frame = encode_frame(Flag.DURABLE, b'{"a":1}\n')

    assert frame == b'F1 d 00000008 74e8a346 c333c512\n{"a":1}\n'


@pytest.mark.parametrize("flag", list(Flag))
def test_header_decodes_to_what_was_encoded(flag: Flag) -> None:
    header = decode_header(encode_frame(flag, b"{}\n" * 100)[:HEADER_BYTES])

    assert header is not None
    assert (header.flag, header.payload_bytes) == (flag, 300)


def test_header_with_any_bit_flipped_is_refused() -> None:
    raw = encode_frame(Flag.SYNCED, b"{}\n")[:HEADER_BYTES]

    for bit in range(HEADER_BYTES * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        assert decode_header(bytes(flipped)) is None, bit


def test_every_beginning_of_a_header_may_begin_one() -> None:
    raw = encode_frame(Flag.UNSYNCED, b"{}\n")[:HEADER_BYTES]

    assert all(begins_header(raw[:length]) for length in range(HEADER_BYTES))


@pytest.mark.parametrize("raw", [b"\n", b"F2", b"F1 x", b"F1 s 0g", b"{", b"\0"])
def test_other_bytes_begin_no_header(raw: bytes) -> None:
    assert not begins_header(raw)
