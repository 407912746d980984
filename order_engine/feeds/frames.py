"""The frames of nearly all messages, written and read without the library, which takes longer than matching an order.

A frame has two bytes, two or eight more if it is long, a client's mask, and the text (RFC 6455, 5.2).
"""

from websockets.frames import Frame

# The first byte of a whole text message, and what the second byte is for longer sizes.
_WHOLE_TEXT, _SIZE_IN_2_BYTES, _SIZE_IN_8_BYTES = 0x81, 126, 127
# A client sets this bit of the second byte.
_MASKED = 0x80
_MASK_BYTES = 4


def text_frame(text: bytes) -> bytes:
    """Return a message as a server sends it; the same bytes may be sent to any number of clients."""
    size = len(text)
    if size < _SIZE_IN_2_BYTES:
        return bytes((_WHOLE_TEXT, size)) + text
    if size < 1 << 16:
        return bytes((_WHOLE_TEXT, _SIZE_IN_2_BYTES)) + size.to_bytes(2) + text
    return bytes((_WHOLE_TEXT, _SIZE_IN_8_BYTES)) + size.to_bytes(8) + text


def read_text(received: bytearray, text_bytes_max: int) -> tuple[bytes, int] | None:
    """Return the first frame's text, and its size as a frame; None unless it is a whole message and not too long."""
    if len(received) < 4 or received[0] != _WHOLE_TEXT or received[1] < _MASKED:
        return None
    size, mask = received[1] - _MASKED, 2
    if size == _SIZE_IN_2_BYTES:
        size, mask = int.from_bytes(received[2:4]), 4
    begin = mask + _MASK_BYTES
    if received[1] == _MASKED + _SIZE_IN_8_BYTES or size > text_bytes_max or len(received) < begin + size:
        return None
    whole_mask = received[mask:begin] * (size // _MASK_BYTES + 1)
    text = int.from_bytes(received[begin : begin + size]) ^ int.from_bytes(whole_mask[:size])
    return text.to_bytes(size), begin + size


def size_of(frame: Frame) -> int:
    """Return the size of a client's frame."""
    size = len(frame.data)
    return 2 + (2 if size >= _SIZE_IN_2_BYTES else 0) + (6 if size >= 1 << 16 else 0) + _MASK_BYTES + size
