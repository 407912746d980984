"""Upcasters: how a record of an older format becomes one of today's. They are kept for ever.

A new field in the journal raises ``FORMAT``, and the function that fills it in for older records goes into the table.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from order_engine.journal.record import Record, decode_record
from order_engine.journal.segments import FORMAT

# A raw record is a line of JSON, decoded: no type of ours fits what an older program wrote.
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

FORMAT_MIN = 1
UPCASTERS: dict[int, Upcaster] = {}
"""By format: a function that makes a raw record of that format one of the next."""


def record_decoder(format_: int) -> Callable[[bytes], Record]:
    """Return what decodes a line of a segment of this format, which must be one that we know."""
    assert FORMAT_MIN <= format_ <= FORMAT
    if format_ == FORMAT:
        return decode_record
    steps = [UPCASTERS[number] for number in range(format_, FORMAT)]

    def decode(line: bytes) -> Record:
        raw = msgspec.json.decode(line, type=dict[str, Any])
        for step in steps:
            raw = step(raw)
        return msgspec.convert(raw, Record)

    return decode
