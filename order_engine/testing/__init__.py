"""A real exchange for the tests of a trading program: ``with exchange() as ex:``, or the fixture in ``fixtures``."""

from order_engine.testing.exchange import Exchange, ExchangeDown, exchange

__all__ = ["Exchange", "ExchangeDown", "exchange"]
