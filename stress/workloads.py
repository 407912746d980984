"""Seeded order flow: the same seed gives the same requests, independent of the responses.

Limit orders come around a mid price that wanders, some of them cross; the rest are market orders, amends and cancels
of orders placed before. Orders are named by client_order_id, so that the flow need not know the exchange's ids.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

SYMBOLS = ("AAPL", "GOOG", "MSFT")
TICKS_PER_UNIT = 100
FIRST_MID_TICKS = 15_000
LOWEST_MID_TICKS = 1_000
SPREAD_TICKS = 20
QUANTITY_MAX = 100
REMEMBERED_ORDERS_MAX = 1_000

Body = dict[str, str | bool]


class ActionKind(StrEnum):
    """The kinds of requests."""

    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Action:
    """One request. ``body`` is the JSON to post, or the new terms of an amend."""

    kind: ActionKind
    client_order_id: str
    body: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Placed:
    client_order_id: str
    side: str
    symbol: str
    quantity: int


class OrderFlow:
    """An endless stream of actions of ``users`` in ``symbols``, decided by ``seed`` alone.

    With the ``whole_rulebook`` there are stops, icebergs and orders for the day among them, and some with
    self-trade prevention.
    """

    def __init__(
        self, seed: int | str, symbols: Sequence[str], users: Sequence[str], *, whole_rulebook: bool = False
    ) -> None:
        self._whole_rulebook = whole_rulebook
        self._chance = Random(seed)
        self._seed = seed
        self._symbols = symbols
        self._users = users
        self._mid_ticks = dict.fromkeys(symbols, FIRST_MID_TICKS)
        self._placed: list[_Placed] = []
        self._count = 0

    def __iter__(self) -> Iterator[Action]:
        """Yield actions without end."""
        while True:
            yield self.next_action()

    def next_action(self) -> Action:
        """Return the next request: of a hundred about sixty-five place, fifteen amend, twenty cancel."""
        roll = self._chance.randrange(100)
        if roll < 65 or not self._placed:
            return self._place()
        return self._amend() if roll < 80 else self._cancel()

    def _place(self) -> Action:
        self._count += 1
        symbol = self._chance.choice(self._symbols)
        side = self._chance.choice(("BUY", "SELL"))
        quantity = self._chance.randint(1, QUANTITY_MAX)
        client_order_id = f"{self._seed}-{self._count}"
        body: Body = {
            "user_id": self._chance.choice(self._users),
            "symbol": symbol,
            "side": side,
            "quantity": str(quantity),
            "client_order_id": client_order_id,
        }
        body |= self._terms(symbol, side)
        if self._whole_rulebook:
            body |= self._special_terms(body)
        self._remember(_Placed(client_order_id, side, symbol, quantity))
        return Action(ActionKind.PLACE, client_order_id, body)

    def _terms(self, symbol: str, side: str) -> Body:
        roll = self._chance.randrange(100)
        if roll < 6:
            return {"type": "MARKET"}
        price = {"price": self._price_near_mid(symbol, side)}
        if roll < 12:
            return {**price, "time_in_force": "IOC"}
        if roll < 15:
            return {**price, "time_in_force": "FOK"}
        if roll < 20:
            return {**price, "post_only": True}
        return {**price}

    def _special_terms(self, body: Body) -> Body:
        roll = self._chance.randrange(100)
        if "price" not in body or "time_in_force" in body or "post_only" in body or roll >= 30:
            return {}
        if roll < 12:
            return {"display_quantity": str(self._chance.randint(1, int(str(body["quantity"]))))}
        if roll < 18:
            return {"type": "STOP_LIMIT", "stop_price": self._price_near_mid(str(body["symbol"]), str(body["side"]))}
        if roll < 24:
            return {"time_in_force": "DAY"}
        return {"self_trade_prevention": self._chance.choice(("CANCEL_NEWEST", "CANCEL_OLDEST", "DECREMENT"))}

    def _price_near_mid(self, symbol: str, side: str) -> str:
        """Wander by at most a tick, then quote up to 20 ticks behind the mid or 5 beyond it."""
        mid_ticks = max(LOWEST_MID_TICKS, self._mid_ticks[symbol] + self._chance.randint(-1, 1))
        self._mid_ticks[symbol] = mid_ticks
        behind_ticks = self._chance.randint(-SPREAD_TICKS // 4, SPREAD_TICKS)
        return decimal_price(mid_ticks - behind_ticks if side == "BUY" else mid_ticks + behind_ticks)

    def _amend(self) -> Action:
        order = self._chance.choice(self._placed)
        terms: Body = {"quantity": str(self._chance.randint(1, order.quantity + order.quantity // 2))}
        if self._chance.randrange(2):
            terms["price"] = self._price_near_mid(order.symbol, order.side)
        return Action(ActionKind.AMEND, order.client_order_id, terms)

    def _cancel(self) -> Action:
        position = self._chance.randrange(len(self._placed))
        self._placed[position], self._placed[-1] = self._placed[-1], self._placed[position]
        return Action(ActionKind.CANCEL, self._placed.pop().client_order_id)

    def _remember(self, order: _Placed) -> None:
        self._placed.append(order)
        if len(self._placed) > REMEMBERED_ORDERS_MAX:
            del self._placed[: REMEMBERED_ORDERS_MAX // 2]


def decimal_price(ticks: int) -> str:
    """Write a price of hundredths with its two decimals."""
    whole, hundredths = divmod(ticks, TICKS_PER_UNIT)
    return f"{whole}.{hundredths:02d}"


def resting_and_crossing(seed: int | str, symbol: str, count: int) -> list[Body]:
    """Return limit orders that the rulebook never refuses, however often each of them is posted."""
    flow = OrderFlow(seed, [symbol], [f"user{number}" for number in range(100)])
    bodies: list[Body] = []
    for action in flow:
        if len(bodies) == count:
            break
        if action.kind is ActionKind.PLACE and "price" in action.body:
            wanted = ("user_id", "symbol", "side", "quantity", "price")
            bodies.append({name: action.body[name] for name in wanted})
    return bodies
