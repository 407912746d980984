"""For any bytes as a stream every line is counted, and only the lines decide the result."""

import io
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from order_engine.matching.commands import PlaceOrder
from order_engine.matching.engine import MatchingEngine
from order_engine.streams.dead_letters import DeadLetters
from order_engine.streams.ndjson_source import BYTE_ORDER_MARK, NdjsonSource
from order_engine.streams.notices import Notices
from order_engine.streams.ports import Received
from tests.naive.random_commands import RandomCommands
from tests.unit.streams.stream_fixtures import InputInPieces

PLAIN_NAMES = ["seq", "type", "timestamp", "order_id", "symbol", "side", "quantity", "price", "order_type", "post_only"]
MORE_NAMES = ["state", "user_id", "schedule", "at", "max_open_orders", "price_band_percent", "x"]
PLAIN_WORDS = ["create", "amend", "cancel", "cancel_all", "instrument", "state", "A", "BUY", "IOC", "1.5", ""]
MORE_WORDS = ["risk_limits", "disable_user", "OPEN", "PRE_OPEN", "STOP", "STOP_LIMIT", "TRAILING_STOP", "GTD", "09:30"]
NAMES = st.sampled_from([*PLAIN_NAMES, *MORE_NAMES])
WORDS = st.sampled_from([*PLAIN_WORDS, *MORE_WORDS])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
CREATES = st.fixed_dictionaries(
    {"type": st.just("create"), "order_id": WORDS, "symbol": WORDS, "side": WORDS, "quantity": VALUES, "price": VALUES},
    optional={
        "seq": st.integers(-1, 20),
        "timestamp": VALUES,
        "order_type": WORDS,
        "time_in_force": WORDS,
        "post_only": VALUES,
        **dict.fromkeys(("stop_price", "trail_amount", "display_quantity", "expire_at"), VALUES),
    },
)
LINES = st.one_of(
    st.binary(max_size=30),
    st.dictionaries(NAMES, VALUES, max_size=6).map(lambda message: json.dumps(message).encode()),
    CREATES.map(lambda message: json.dumps(message).encode()),
)


def received_from(pieces: list[bytes]) -> tuple[list[Received], NdjsonSource, DeadLetters]:
    dead_letters = DeadLetters(None, Notices(io.StringIO(), "dead letters"))
    source = NdjsonSource(InputInPieces(pieces), dead_letters, Notices(io.StringIO(), "gaps"))
    return [received for batch in source.batches() for received in batch], source, dead_letters


@settings(max_examples=500, deadline=None)
@given(lines=st.lists(LINES, max_size=12))
@example(lines=[b'{"type":"cancel","order_id":"a","seq":1e400}', b'{"a":' * 5_000])
@example(lines=[b"", BYTE_ORDER_MARK])
@example(lines=[BYTE_ORDER_MARK + b" "])
def test_every_line_is_a_command_a_duplicate_a_dead_letter_or_blank(lines: list[bytes]) -> None:
    text = b"\n".join(lines)
    # A byte order mark is one only where a stream begins.
    blank = sum(not line.strip() for line in text.removeprefix(BYTE_ORDER_MARK).split(b"\n"))

    commands, source, dead_letters = received_from([text])

    accounted = len(commands) + source.duplicates + dead_letters.count + blank
    assert accounted == text.count(b"\n") + 1
    sequences = [received.sequence for received in commands]
    assert sequences == sorted(set(sequences))
    engine = MatchingEngine()
    for received in commands:
        engine.apply(received.command, received.sequence, received.timestamp_ns)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(1, 500), min_size=1, max_size=20))
def test_placed_orders_come_out_as_they_went_in_wherever_the_stream_is_cut(seed: int, cuts: list[int]) -> None:
    steps = [step for step in RandomCommands(seed).steps(60) if isinstance(step.command, PlaceOrder)]
    steps = [step for step in steps if step.command.order_id is not None]
    text = b"".join(
        json.dumps(_message(step.command, step.sequence, step.timestamp_ns)).encode() + b"\n" for step in steps
    )
    pieces = []
    for cut in cuts:
        pieces.append(text[:cut])
        text = text[cut:]

    commands, _, dead_letters = received_from([*pieces, text])

    assert dead_letters.count == 0
    assert [(received.command, received.sequence, received.timestamp_ns) for received in commands] == [
        (step.command, step.sequence, step.timestamp_ns) for step in steps
    ]


def _message(placed: PlaceOrder, sequence: int, timestamp_ns: int) -> dict[str, object]:
    return {
        "seq": sequence,
        "type": "create",
        "timestamp": timestamp_ns,
        "order_id": placed.order_id,
        "user_id": placed.user_id,
        "client_order_id": placed.client_order_id,
        "symbol": placed.symbol,
        "side": placed.side,
        "quantity": _amount(placed.quantity_e8),
        "price": _amount(placed.price_e8),
        "order_type": placed.order_type,
        "time_in_force": placed.time_in_force,
        "post_only": placed.post_only,
        "display_quantity": _amount(placed.display_quantity_e8),
        "stop_price": _amount(placed.stop_price_e8),
        "trail_amount": _amount(placed.trail_amount_e8),
        "expire_at": placed.expire_at_ns,
        "self_trade_prevention": placed.self_trade_prevention,
    }


def _amount(amount_e8: int | None) -> str | None:
    return None if amount_e8 is None else f"{amount_e8}e-8"
