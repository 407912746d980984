"""Users' positions, computed from their trades by average cost, independently and with 60 digits."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

EXACT = Context(prec=60)
ROUNDING = Decimal("0.00000001")

Row = dict[str, Any]  # Any: parsed JSON.


@dataclass(slots=True)
class Holding:
    """A net quantity, its cost and the realized profit; a short position is negative."""

    net: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)

    def trade(self, bought: Decimal, price: Decimal) -> None:
        """Add a trade; a sold quantity is negative."""
        if self.net * bought < 0:
            closed = max(bought, -self.net) if self.net > 0 else min(bought, -self.net)
            share = EXACT.divide(EXACT.multiply(self.cost, -closed), self.net)
            self.realized -= closed * price + share
            self.cost -= share
            self.net += closed
            bought -= closed
        self.net += bought
        self.cost += bought * price

    def differences(self, stated: Row) -> Iterator[tuple[str, Decimal]]:
        """Name each amount that differs from the exchange's by more than rounding."""
        average = EXACT.divide(self.cost, self.net) if self.net else Decimal(0)
        for name, amount, tolerance in (
            ("net_quantity", self.net, Decimal(0)),
            ("average_price", average, ROUNDING),
            ("total_cost", self.cost, ROUNDING),
            ("realized_pnl", self.realized, ROUNDING),
        ):
            difference = Decimal(stated[name] or 0) - amount
            if abs(difference) > tolerance:
                yield name, difference


def holdings_from_trades(trades: Iterable[Row], users: Mapping[str, str | None]) -> dict[str, Holding]:
    """Compute the positions of all users; ``users`` maps orders to users. A trade with oneself changes nothing."""
    holdings: dict[str, Holding] = {}
    for trade in sorted(trades, key=_position):
        buyer, seller = users[trade["buy_order_id"]], users[trade["sell_order_id"]]
        quantity, price = Decimal(trade["quantity"]), Decimal(trade["price"])
        for user, bought in ((buyer, quantity), (seller, -quantity)):
            if user is not None and buyer != seller:
                holdings.setdefault(user, Holding()).trade(bought, price)
    return holdings


def _position(trade: Row) -> list[int]:
    return [int(number) for number in re.findall("[0-9]+", trade["trade_id"])]
