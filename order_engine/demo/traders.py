"""The traders of one market: makers who quote around a price that wanders, and takers who trade with them.

All chance comes from the seed, and all decisions from what the exchange said: the same seed on a new exchange that
nobody else uses gives the same orders.
"""

from math import isqrt
from random import Random
from typing import NamedTuple

from order_engine.demo.connections import Connection, Json
from order_engine.demo.kinds import Kind

MAKERS = ("maker-ann", "maker-ben", "maker-cho")
TAKERS = ("taker-dee", "taker-eli", "taker-fay")
QUOTES_PER_SIDE = 26
QUOTES_PLACED_MAX = 4
QUOTES_MOVED_MAX = 5
QUOTES_RENEWED = 2
# How many orders takers send in a turn, and in one that stands for many.
TAKES = (0, 0, 1, 1, 1, 2)
TAKES_OF_MANY = (2, 3, 4)
MILLI = 1_000
BUY, SELL = "BUY", "SELL"


class Quote(NamedTuple):
    """A maker's resting order."""

    side: str
    ticks: int
    lots: int


class Traders:
    """The traders of one symbol; each ``turn`` some of them act."""

    def __init__(self, symbol: str, kind: Kind, seed: int) -> None:
        self._symbol = symbol
        self._kind = kind
        self._chance = Random(f"{seed} {symbol}")
        self._fair_milliticks = kind.first_ticks * MILLI
        self._drift_milliticks = 0
        self._weight = 1
        self._quotes: dict[str, Quote] = {}

    def open(self, connection: Connection) -> None:
        """List the instrument and quote it on both sides."""
        connection.send("POST", "/instruments", {"symbol": self._symbol, **self._kind.listing})
        self.requote(connection)

    def turn(self, connection: Connection, weight: int = 1) -> None:
        """Let the price wander, the makers follow it, and the takers trade: once, for so many times."""
        self._weight = weight
        self._wander()
        for order_id in self._quotes_to_move():
            self._withdraw(connection, order_id)
        takes = [self._take() for _ in range(self._chance.choice(TAKES if weight == 1 else TAKES_OF_MANY))]
        self._place(connection, [*self._missing_quotes(), *takes])

    def requote(self, connection: Connection) -> None:
        """Cancel all quotes and place new ones."""
        self._weight = 1
        for maker in MAKERS:
            connection.send("DELETE", f"/orders?user_id={maker}&symbol={self._symbol}")
        self._quotes.clear()
        self._place(
            connection, [order for _ in range(QUOTES_PER_SIDE // QUOTES_PLACED_MAX) for order in self._missing_quotes()]
        )

    @property
    def _fair_ticks(self) -> int:
        return self._fair_milliticks // MILLI

    def _wander(self) -> None:
        kind, chance = self._kind, self._chance
        if chance.random() < 0.03:
            self._drift_milliticks = int(chance.gauss(0, kind.volatility_milliticks // 10))
        step = int(chance.gauss(self._drift_milliticks, kind.volatility_milliticks)) * isqrt(self._weight)
        lowest, highest = (kind.lowest_ticks + 1) * MILLI, (kind.highest_ticks - 1) * MILLI
        self._fair_milliticks = min(max(self._fair_milliticks + step, lowest), highest)

    def _quotes_to_move(self) -> list[str]:
        """Quotes that the price has passed, those that it has left far behind, and then a few others."""
        fair, kind = self._fair_ticks, self._kind

        def distance(quote: Quote) -> int:
            return fair - quote.ticks if quote.side == BUY else quote.ticks - fair

        passed = [order_id for order_id, quote in self._quotes.items() if distance(quote) < kind.half_spread_ticks]
        far = [order_id for order_id, quote in self._quotes.items() if distance(quote) > 2 * kind.reach_ticks]
        # Makers also change their minds now and then; else old quotes would keep new ones from the best prices.
        some = self._chance.sample(list(self._quotes), min(QUOTES_RENEWED, len(self._quotes)))
        return list(dict.fromkeys([*passed, *far, *some]))[:QUOTES_MOVED_MAX]

    def _withdraw(self, connection: Connection, order_id: str) -> None:
        """Move a quote back behind the price, or cancel it. One that is gone is forgotten."""
        quote = self._quotes.pop(order_id)
        if self._chance.random() < 0.5:
            ticks = self._quote_ticks(quote.side)
            if connection.send("PATCH", f"/orders/{order_id}", {"price": self._kind.price(ticks)}).is_done:
                self._quotes[order_id] = quote._replace(ticks=ticks)
                return
        connection.send("DELETE", f"/orders/{order_id}")

    def _missing_quotes(self) -> list[Json]:
        orders = []
        for side in (BUY, SELL):
            missing = QUOTES_PER_SIDE - sum(quote.side == side for quote in self._quotes.values())
            orders += [self._quote(side) for _ in range(min(missing, QUOTES_PLACED_MAX))]
        return orders

    def _quote_ticks(self, side: str) -> int:
        kind = self._kind
        distance = kind.half_spread_ticks + int(self._chance.expovariate(4 / kind.reach_ticks))
        ticks = self._fair_ticks - distance if side == BUY else self._fair_ticks + distance
        return min(max(ticks, kind.lowest_ticks - 1), kind.highest_ticks + 1)

    def _quote(self, side: str) -> Json:
        lots = self._lots()
        order = self._order(self._chance.choice(MAKERS), side, lots)
        order |= {"price": self._kind.price(self._quote_ticks(side)), "post_only": True}
        if lots > 4 and self._chance.random() < 0.05:
            order["display_quantity"] = self._kind.quantity(lots // 4)
        return order

    def _take(self) -> Json:
        side = self._chance.choice((BUY, SELL))
        order = self._order(self._chance.choice(TAKERS), side, self._lots())
        if self._chance.random() < 0.75:
            return {**order, "type": "MARKET"}
        reach = 2 * self._kind.half_spread_ticks
        ticks = self._fair_ticks + (reach if side == BUY else -reach)
        return {**order, "price": self._kind.price(max(ticks, 1)), "time_in_force": "IOC"}

    def _order(self, user_id: str, side: str, lots: int) -> dict[str, Json]:
        return {"user_id": user_id, "symbol": self._symbol, "side": side, "quantity": self._kind.quantity(lots)}

    def _lots(self) -> int:
        return (1 + int(self._chance.expovariate(1 / self._kind.usual_lots))) * self._weight

    def _place(self, connection: Connection, orders: list[Json]) -> None:
        if not orders:
            return
        answer = connection.send("POST", "/orders/batch", {"orders": orders})
        for result in answer.content.get("results", []):
            self._note(result.get("order"))

    def _note(self, order: Json) -> None:
        """Remember a quote that rests, and what is left of those that an order has traded with."""
        if order is None:
            return
        kind = self._kind
        if order["status"] == "OPEN":
            ticks, lots = kind.ticks(order["price"]), kind.lots_of(order["quantity"])
            self._quotes[order["order_id"]] = Quote(order["side"], ticks, lots)
        for trade in order["trades"]:
            quote = self._quotes.pop(trade["maker_order_id"], None)
            left = quote and quote.lots - kind.lots_of(trade["quantity"])
            if quote and left:
                self._quotes[trade["maker_order_id"]] = quote._replace(lots=left)
