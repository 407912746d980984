"""The exchange's state: a pure fold of the journal's records. Live or in a replay, there is one ``apply``."""

import hashlib

import msgspec
from msgspec import Struct

from order_engine.exchange.applied import Applied
from order_engine.exchange.remembered_answers import RememberedAnswer, RememberedAnswers
from order_engine.journal.record import Record
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.engine_state import EngineState, dump_engine, load_engine


class DumpedState(Struct, frozen=True, kw_only=True):
    """The state as plain values."""

    engine: EngineState
    answers: list[RememberedAnswer]


class ExchangeState:
    """The matching engine and the remembered answers; not thread-safe."""

    def __init__(self, dumped: DumpedState | None = None) -> None:
        self.engine = MatchingEngine() if dumped is None else load_engine(dumped.engine)
        self.answers = RememberedAnswers([] if dumped is None else dumped.answers)

    @property
    def sequence(self) -> int:
        """The sequence of the last command that was applied."""
        return self.engine.sequence

    def apply(self, record: Record) -> Applied:
        """Carry out a record's commands, in order."""
        apply, timestamp_ns = self.engine.apply, record.timestamp_ns
        numbered = enumerate(record.commands, record.sequence)
        events = [apply(command, sequence, timestamp_ns) for sequence, command in numbered]
        applied = Applied(record, events)
        self.answers.remember(applied)
        return applied

    def dump(self) -> bytes:
        """Write the whole state; equal states give equal bytes."""
        return msgspec.json.encode(DumpedState(engine=dump_engine(self.engine), answers=self.answers.dump()))

    @staticmethod
    def load(dump: bytes) -> "ExchangeState":
        """Make a state that goes on exactly where the dumped one stood; raises ``msgspec.MsgspecError``."""
        return ExchangeState(_decode(dump))


_decode = msgspec.json.Decoder(DumpedState).decode


def state_hash(dump: bytes) -> str:
    """SHA-256, in hexadecimal, over a dumped state."""
    return hashlib.sha256(dump).hexdigest()
