"""Upcasters convert a record of an older format to the present one. They are kept for ever.

To add a field to the journal, raise ``FORMAT`` and add a function to the table that fills the field in older records.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from order_engine.journal.record import Record, decode_record
from order_engine.journal.segments import FORMAT

# Any: a raw record is a decoded line of JSON, and no present type fits what an older program wrote.
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

FORMAT_MIN = 1
UPCASTERS: dict[int, Upcaster] = {}
"""By format: a function that converts a raw record of that format to the next one."""


def record_decoder(format_: int) -> Callable[[bytes], Record]:
    """Return the decoder for lines of a segment of this format, which must be a known one."""
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
