"""Engines dumped, loaded and hashed by themselves, without what else the exchange's state has."""

from order_engine.exchange.state import state_hash
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
