"""The exchange's state: a pure fold of the journal's records. Live trading and replay share one ``apply``."""

import hashlib
from collections.abc import Callable, Iterable, Iterator

import msgspec
from msgspec import Struct, structs

from order_engine.exchange.applied import Applied
from order_engine.exchange.remembered_answers import RememberedAnswer, RememberedAnswers, decode_answer
from order_engine.journal.record import Record
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.engine_state import dump_engine, load_engine, next_piece


class AnswersHead(Struct, frozen=True, forbid_unknown_fields=True):
    """The piece after the engine's: the number of remembered answers that follow, one piece each."""

    answers: int


class ExchangeState:
    """The matching engine and the remembered answers; not thread-safe."""

    def __init__(self, engine: MatchingEngine | None = None, answers: Iterable[RememberedAnswer] = ()) -> None:
        self.engine = MatchingEngine() if engine is None else engine
        self.answers = RememberedAnswers(answers)

    @property
    def sequence(self) -> int:
        """The sequence of the last command that was applied."""
        return self.engine.sequence

    def apply(self, record: Record, may_go_on: Callable[[], bool] = lambda: True) -> Applied:
        """Carry out a record's commands, in order; where its bound ends it, what was applied is a shorter record."""
        events = self.engine.apply_record(record.commands, record.sequence, record.timestamp_ns, may_go_on)
        if len(events) < len(record.commands):
            record = structs.replace(record, commands=record.commands[: len(events)])
        applied = Applied(record, events)
        self.answers.remember(applied)
        return applied

    def dump(self) -> Iterator[bytes]:
        """Dump the whole state as lines of JSON; equal states give equal lines. It must not change meanwhile."""
        yield from (piece + b"\n" for piece in dump_engine(self.engine))
        yield _encode(AnswersHead(len(self.answers))) + b"\n"
        yield from (answer + b"\n" for answer in self.answers.dump())

    @staticmethod
    def load(dump: Iterable[bytes]) -> "ExchangeState":
        """Load a dumped state; raises ``msgspec.MsgspecError``."""
        waiting = iter(dump)
        engine = load_engine(waiting)
        count = _decode_head(next_piece(waiting)).answers
        state = ExchangeState(engine, (decode_answer(next_piece(waiting)) for _ in range(count)))
        if next(waiting, None) is not None:
            raise msgspec.ValidationError("the dump goes on after its end")
        return state


_encode = msgspec.json.Encoder().encode
_decode_head = msgspec.json.Decoder(AnswersHead).decode


def state_hash(dump: Iterable[bytes]) -> str:
    """Return the SHA-256 of a dumped state, in hexadecimal."""
    digest = hashlib.sha256()
    for piece in dump:
        digest.update(piece)
    return digest.hexdigest()
