"""An order matching engine: a limit order book that is exact, durable and replayable."""

__version__ = "0.1.0"
