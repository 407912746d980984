"""A market maker: quotes both sides of an instrument, and leans against what it holds.

usage: python -m examples.market_maker URL SYMBOL FAIR_PRICE
"""

import sys
from decimal import Decimal

from order_engine.client import CaughtUp, Client, Gap, OwnTrade
from order_engine.client.terms import NewOrder, Side


class MarketMaker:
    """Keeps one bid and one ask around a fair price. Each unit that it has bought since its start lowers both."""

    def __init__(self, client: Client, user_id: str, symbol: str, fair_price: Decimal) -> None:
        self._client = client
        self._user_id = user_id
        self._symbol = symbol
        self._fair_price = fair_price
        self._half_spread = Decimal("0.05")
        self._lean = Decimal("0.01")
        self._quantity = Decimal(10)
        self.position = Decimal(0)

    def run(self, trades_max: int | None = None, since: int | None = None) -> None:
        """Quote, and quote again after each trade, until interrupted or so many trades are done."""
        trades = 0
        for event in self._client.watch_orders(self._user_id, since=since):
            if isinstance(event, Gap):
                raise RuntimeError(f"trades are missing: {event}; read them from client.trades()")
            if isinstance(event, OwnTrade):
                trades += 1
                self.position += event.trade.quantity if event.order.side == "BUY" else -event.trade.quantity
            elif not isinstance(event, CaughtUp):
                continue
            self.quote()
            if trades == trades_max:
                return

    def quote(self) -> None:
        """Replace the quotes by new ones."""
        middle = self._fair_price - self.position * self._lean
        self._client.cancel_all(self._user_id, symbol=self._symbol)
        self._client.place_batch(
            [self._order("BUY", middle - self._half_spread), self._order("SELL", middle + self._half_spread)]
        )

    def withdraw(self) -> None:
        """Take the quotes back."""
        self._client.cancel_all(self._user_id, symbol=self._symbol)

    def _order(self, side: Side, price: Decimal) -> NewOrder:
        return {
            "user_id": self._user_id,
            "symbol": self._symbol,
            "side": side,
            "quantity": self._quantity,
            "price": price,
            # A quote must not trade with the price of somebody else: it would pay the spread instead of earning it.
            "post_only": True,
        }


def main(url: str, symbol: str, fair_price: str) -> None:
    """Make a market until interrupted."""
    with Client(url) as client:
        maker = MarketMaker(client, "market-maker", symbol, Decimal(fair_price))
        try:
            maker.run()
        except KeyboardInterrupt:
            maker.withdraw()


if __name__ == "__main__":
    main(*sys.argv[1:])
