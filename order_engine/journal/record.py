"""A journal record: commands that are carried out all or none, with their sequence and time.

One record is one line of JSON. A single order is a record of one command and a batch is one record of many, so a crash
leaves all of a batch or nothing of it.
"""

import msgspec
from msgspec import Struct

from order_engine.matching.commands import Command


class Retry(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Identifies a retry: the idempotency key, its owner (the scope), and a digest of the request."""

    scope: str
    key: str
    fingerprint: str


class Record(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Commands numbered ``sequence``, ``sequence + 1``, ... and stamped with ``timestamp_ns`` (UTC, since 1970).

    ``actor`` says in words who asked for them, if that is known and is not the user whom they name.
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
"""What decoding raises for bytes that are no UTF-8, no JSON of the expected form, or nested too deeply."""
