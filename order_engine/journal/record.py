"""A journal record: commands that stand or fall together, with their sequence and time.

One record is one line of JSON. A single order is a record of one command, a batch is one record of many, so that after
a crash all of a batch is there or none of it.
"""

import msgspec
from msgspec import Struct

from order_engine.matching.commands import Command


class Retry(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What makes a repeated request recognisable: the key, whose it is, and a digest of what was asked."""

    scope: str
    key: str
    fingerprint: str


class Record(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Commands numbered ``sequence``, ``sequence + 1``, ... that came at ``timestamp_ns`` (UTC, since 1970).

    ``actor`` is who asked for them, in words, where that is known and not the user whom they name.
    """

    sequence: int
    timestamp_ns: int
    commands: tuple[Command, ...]
    retry: Retry | None = None
    actor: str | None = None

    @property
    def last_sequence(self) -> int:
        """The sequence of the last command in this record."""
        return self.sequence + len(self.commands) - 1


encode_record = msgspec.json.Encoder().encode
decode_record = msgspec.json.Decoder(Record).decode

UNDECODABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises where the bytes are not what they should be: JSON of the form, in UTF-8, not nested deeply."""
