"""A backtest on the library alone: a recorded stream of commands and a strategy in one matching engine; no server.

The strategy's orders go into the same books as the recorded ones, behind those that were there first, so that it gets
only what it could have had. A run is exact: the same file gives the same trades.

usage: python -m examples.backtest COMMANDS.ndjson SYMBOL
"""

import sys
from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import Event, TradeExecuted
from order_engine.streams.messages import CommandReader, Message, decode_message

ME = "strategy"
E8 = Decimal("1e-8")


class MeanReversion:
    """Buys one unit below the mean of the last trades, and sells one above it."""

    def __init__(self, symbol: str, distance: Decimal = Decimal("0.10"), window: int = 20) -> None:
        self._symbol = symbol
        self._distance = distance
        self._prices: deque[Decimal] = deque(maxlen=window)
        self.position = 0

    def next_order(self, price: Decimal) -> Message | None:
        """Take a trade's price; return an order if there is one to place."""
        self._prices.append(price)
        mean = sum(self._prices, Decimal(0)) / len(self._prices)
        if price < mean - self._distance and self.position < 5:
            return self._order("BUY", price)
        if price > mean + self._distance and self.position > -5:
            return self._order("SELL", price)
        return None

    def _order(self, side: str, price: Decimal) -> Message:
        order = {"symbol": self._symbol, "side": side, "quantity": "1", "price": f"{price:f}", "time_in_force": "IOC"}
        return {"type": "create", "user_id": ME, **order}


class Backtest:
    """One engine, one strategy, and what the strategy has paid and received."""

    def __init__(self, symbol: str, strategy: MeanReversion) -> None:
        self._engine = MatchingEngine()
        self._read = CommandReader().read
        self._symbol = symbol
        self._strategy = strategy
        self._sequence = 0
        self.cash = Decimal(0)
        self.last_price: Decimal | None = None
        self.trades = 0

    @property
    def profit(self) -> Decimal:
        """The cash, and the position at the last price."""
        return self.cash + self._strategy.position * (self.last_price or Decimal(0))

    def run(self, lines: Iterable[bytes]) -> None:
        """Play the stream."""
        for line in lines:
            message = decode_message(line)
            message.pop("seq", None)
            before = self.last_price
            self._apply(message)
            if self.last_price is not None and self.last_price != before:
                order = self._strategy.next_order(self.last_price)
                if order is not None:
                    self._apply({**order, "order_id": f"{ME}-{self._sequence}"})

    def _apply(self, message: Message) -> None:
        self._sequence += 1
        timestamp_ns = message.pop("timestamp", self._sequence)
        assert isinstance(timestamp_ns, int)
        for event in self._engine.apply(self._read(message), self._sequence, timestamp_ns):
            self._note(event)

    def _note(self, event: Event) -> None:
        if not isinstance(event, TradeExecuted) or event.symbol != self._symbol:
            return
        self.last_price = event.price_e8 * E8
        for order, sign in ((event.buy, 1), (event.sell, -1)):
            if order.placed.user_id == ME:
                quantity = event.quantity_e8 * E8 * sign
                self._strategy.position += int(quantity)
                self.cash -= quantity * self.last_price
                self.trades += 1


def main(path: str, symbol: str) -> None:
    """Play a file, and print what the strategy made of it."""
    strategy = MeanReversion(symbol)
    backtest = Backtest(symbol, strategy)
    with open(path, "rb") as lines:
        backtest.run(lines)
    print(f"{backtest.trades} trades, holds {strategy.position}, profit {backtest.profit:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
