"""Engines dumped, loaded and hashed by themselves, and snapshots read from bytes."""

from io import BytesIO

from order_engine.exchange.snapshots import Snapshot, check_snapshot, load_state
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.engine_state import dump_engine, load_engine


def engine_hash(engine: MatchingEngine) -> str:
    """SHA-256 over the engine's dump."""
    return state_hash(dump_engine(engine))


def dumped_and_loaded(engine: MatchingEngine) -> MatchingEngine:
    """Make an engine of another's dump."""
    pieces = dump_engine(engine)
    loaded = load_engine(pieces)
    assert next(pieces, None) is None
    return loaded


def read_snapshot(content: bytes) -> Snapshot:
    """Check the bytes of a snapshot; raises ``SnapshotError``."""
    return Snapshot(check_snapshot(BytesIO(content)), content)


def state_in(content: bytes) -> ExchangeState:
    """Check the bytes of a snapshot, and load its state; raises ``SnapshotError``."""
    check_snapshot(BytesIO(content))
    return load_state(BytesIO(content))
