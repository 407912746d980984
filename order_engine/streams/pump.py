"""The pump: applies commands from a source to a matching engine and writes the events to sinks."""

from collections.abc import Callable, Sequence

from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    DelistRejected,
    InstrumentRejected,
    OrderRejected,
    SettleRejected,
    StateRejected,
    TradeExecuted,
)
from order_engine.streams.ports import CommandSource, EventSink

REFUSALS = frozenset(
    {
        OrderRejected,
        AmendRejected,
        CancelRejected,
        InstrumentRejected,
        SettleRejected,
        DelistRejected,
        StateRejected,
    }
)


class Pump:
    """Applies commands, and counts them, their trades and their refusals."""

    def __init__(self, engine: MatchingEngine, sinks: Sequence[EventSink]) -> None:
        self.commands = 0
        self.trades = 0
        self.refusals = 0
        self._engine = engine
        self._sinks = sinks

    def run(self, source: CommandSource, after_batch: Callable[[], None]) -> None:
        """Apply all commands of the source; flush the sinks after each batch."""
        engine, sinks = self._engine, self._sinks
        apply = engine.apply
        for batch in source.batches():
            for received in batch:
                events = apply(received.command, received.sequence, received.timestamp_ns)
                if engine.left_over is not None:
                    events += engine.finish()
                for event in events:
                    kind = type(event)
                    if kind is TradeExecuted:
                        self.trades += 1
                    elif kind in REFUSALS:
                        self.refusals += 1
                for sink in sinks:
                    sink.write(received, events)
            self.commands += len(batch)
            for sink in sinks:
                sink.flush()
            after_batch()
