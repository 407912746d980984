"""Invariants over the API after any load: nothing is created or lost, and no trade breaks an order's limit."""

import http.client
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from stress.holdings import holdings_from_trades

PAGE = 1_000
RESTING = {"OPEN", "PARTIALLY_FILLED"}
LIVE = {"PENDING", *RESTING}
FINAL = {"FILLED", "CANCELED", "EXPIRED", "REJECTED"}

Row = dict[str, Any]  # Any: parsed JSON.


class ApiReader:
    """Reads an exchange over one connection."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = dict(headers or {})

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def see_at_least(self, sequence: int) -> None:
        """Read at this sequence or later from now on."""
        self._headers["X-Min-Sequence"] = str(sequence)

    def get(self, path: str) -> Row:
        """Return a JSON response; raise AssertionError if it is not 200."""
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        text = response.read()
        assert response.status == http.HTTPStatus.OK, f"GET {path}: {response.status} {text[:300]!r}"
        answer: Row = json.loads(text)
        return answer

    def rows(self, name: str, **query: str) -> Iterator[Row]:
        """Yield every row of a list, page by page."""
        cursor: str | None = None
        while True:
            asked = {**query, "limit": str(PAGE), **({"cursor": cursor} if cursor else {})}
            page = self.get(f"/api/v1/{name}?{urlencode(asked)}")
            yield from page[name]
            cursor = page["next_cursor"]
            if not cursor:
                return


@dataclass(frozen=True, slots=True)
class Checked:
    """The counts of one symbol, and every invariant that it violates."""

    symbol: str
    orders: int
    trades: int
    quantity_traded: Decimal
    broken: list[str]


def check_symbol(reader: ApiReader, symbol: str) -> Checked:
    """Read all orders, trades and the whole book of a symbol that is at rest, and compare them."""
    book = reader.get(f"/api/v1/orderbook/{symbol}?levels={PAGE}")
    reader.see_at_least(book["sequence"])
    orders = {order["order_id"]: order for order in reader.rows("orders", symbol=symbol)}
    trades = list(reader.rows("trades", symbol=symbol))
    broken = [
        *_broken_orders(orders, trades),
        *_broken_trades(orders, trades),
        *_broken_book(book, orders),
        *_broken_positions(reader, symbol, orders, trades),
    ]
    traded = sum((Decimal(trade["quantity"]) for trade in trades), Decimal(0))
    return Checked(symbol, len(orders), len(trades), traded, broken)


def _broken_orders(orders: Mapping[str, Row], trades: list[Row]) -> Iterator[str]:
    filled: defaultdict[str, Decimal] = defaultdict(Decimal)
    for trade in trades:
        filled[trade["buy_order_id"]] += Decimal(trade["quantity"])
        filled[trade["sell_order_id"]] += Decimal(trade["quantity"])
    for order_id, order in orders.items():
        whole, done, left = (Decimal(order[name]) for name in ("quantity", "filled_quantity", "remaining_quantity"))
        status = order["status"]
        if done != filled[order_id]:
            yield f"order {order_id} says {done} filled, its trades say {filled[order_id]}"
        if status in LIVE and (whole != done + left or not left):
            yield f"live order {order_id}: {whole} is not {done} filled and {left} remaining"
        if status == "FILLED" and whole != done:
            yield f"order {order_id} is FILLED with {done} of {whole}"
        if status in FINAL and left:
            yield f"final order {order_id} has {left} remaining"
    bought, sold = (_filled_on(orders, side) for side in ("BUY", "SELL"))
    if bought != sold:
        yield f"{bought} bought, {sold} sold"


def _filled_on(orders: Mapping[str, Row], side: str) -> Decimal:
    filled = (Decimal(order["filled_quantity"]) for order in orders.values() if order["side"] == side)
    return sum(filled, Decimal(0))


def _broken_trades(orders: Mapping[str, Row], trades: list[Row]) -> Iterator[str]:
    if len({trade["trade_id"] for trade in trades}) != len(trades):
        yield "a trade_id is there twice"
    for trade in trades:
        for side, order_id in (("BUY", trade["buy_order_id"]), ("SELL", trade["sell_order_id"])):
            if order_id not in orders:
                yield f"trade {trade['trade_id']} names order {order_id}, which is not there"
            elif orders[order_id]["side"] != side:
                yield f"trade {trade['trade_id']} takes order {order_id} for a {side}"


def _broken_book(book: Row, orders: Mapping[str, Row]) -> Iterator[str]:
    is_open = book["state"] == "OPEN"
    if is_open and book["bids"] and book["asks"] and Decimal(book["bids"][0][0]) >= Decimal(book["asks"][0][0]):
        yield f"the book is crossed: bid {book['bids'][0][0]}, ask {book['asks'][0][0]}"
    for side, name in (("BUY", "bids"), ("SELL", "asks")):
        shown = {Decimal(price): (Decimal(quantity), count) for price, quantity, count in book[name]}
        resting: defaultdict[Decimal, list[Row]] = defaultdict(list)
        for order in orders.values():
            if order["side"] == side and order["status"] in RESTING:
                resting[Decimal(order["price"])].append(order)
        for price in sorted(shown.keys() | resting.keys()):
            quantity, count = shown.get(price, (Decimal(0), 0))
            least, most = _bounds(resting[price])
            if not least <= quantity <= most or count != len(resting[price]):
                yield (
                    f"{name} at {price}: depth shows {quantity} of {count} orders, "
                    f"the orders give {least} to {most} of {len(resting[price])}"
                )


def _bounds(orders: list[Row]) -> tuple[Decimal, Decimal]:
    """Return the least and the most that orders may show: a part of an iceberg's slice may have traded."""
    least = most = Decimal(0)
    for order in orders:
        remaining = Decimal(order["remaining_quantity"])
        display = order["display_quantity"]
        least += remaining if display is None else 0
        most += remaining if display is None else min(remaining, Decimal(display))
    return least, most


def _broken_positions(reader: ApiReader, symbol: str, orders: Mapping[str, Row], trades: list[Row]) -> Iterator[str]:
    if any(trade[name] not in orders for trade in trades for name in ("buy_order_id", "sell_order_id")):
        return  # Named already.
    users = {order_id: order["user_id"] for order_id, order in orders.items()}
    expected = holdings_from_trades(trades, users)
    for user in sorted({user for user in users.values() if user is not None}):
        positions = reader.get(f"/api/v1/positions/{user}")["positions"]
        stated = {position["symbol"]: position for position in positions}.get(symbol)
        if (stated is None) != (user not in expected):
            yield f"position of {user}: {'none' if stated is None else 'one'}, and it is not so by the trades"
        elif stated is not None:
            for name, difference in expected[user].differences(stated):
                yield f"position of {user}: {name} differs by {difference} from what the trades give"
