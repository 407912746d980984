"""The ticks whose decimals prices are written with, known without asking the exchange for every answer."""

from order_engine.exchange.applied import Applied
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import SetInstrument
from order_engine.matching.events import InstrumentChanged, InstrumentListed

# Of an instrument that is not listed: a price has as many decimals as it needs.
NO_TICK = 0


class TickSizes:
    """Remembers ticks; to be subscribed to the event bus, which tells of changes in order, whichever way they came.

    For a moment after a change a price may still have the decimals of the tick before; it is the same price.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._known: dict[str, int] = {}

    def of(self, symbol: str) -> int:
        """Return an instrument's tick in units of 10^-8."""
        tick_size_e8 = self._known.get(symbol)
        if tick_size_e8 is None:
            listed = self._exchange.instrument(symbol)
            if listed is None:
                return NO_TICK
            # Unless the event bus has told of a newer one meanwhile.
            tick_size_e8 = self._known.setdefault(symbol, listed.instrument.tick_size_e8)
        return tick_size_e8

    def publish(self, applied: Applied) -> None:
        """Take note of changed instruments."""
        for command, events in zip(applied.record.commands, applied.events, strict=True):
            if type(command) is SetInstrument:
                for event in events:
                    if isinstance(event, InstrumentListed | InstrumentChanged):
                        self._known[event.instrument.symbol] = event.instrument.tick_size_e8
