"""The orders and amends of a random stream: every type and instruction, in forms that the edges accept."""

from random import Random

from order_engine.matching.commands import OrderType, PlaceOrder, SelfTradePrevention, Side, TimeInForce
from tests.naive.random_market import RandomMarket

USERS = ("ann", "ann", "bob", "cat", None)
IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)
PATIENT = (TimeInForce.GTC, TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD)
OF_MARKET = (TimeInForce.GTC, TimeInForce.DAY, *IMMEDIATE)
TERMS_MAX = 60


class RandomOrders:
    """Some streams have many stops, some many icebergs, some many self-trades."""

    def __init__(self, chance: Random, market: RandomMarket) -> None:
        self._chance = chance
        self._market = market
        self._stops = chance.choice((5, 15, 40))
        self._icebergs = chance.choice((0.2, 0.6))
        self._prevents = chance.choice((0.2, 0.7))
        self._names_orders = chance.random() < 0.7
        self._placed: dict[str, PlaceOrder] = {}

    def order_id(self, sequence: int, others: list[str]) -> str | None:
        """Choose a name: mostly a new one, sometimes one that is or will be in use."""
        roll = self._chance.random()
        if roll < 0.03:
            return self._chance.choice(others)
        if roll < 0.04:
            return str(sequence + self._chance.randint(1, 3))
        return f"o{sequence}" if self._names_orders else None

    def may_stay(self, placed: PlaceOrder) -> bool:
        """Whether an order may rest or wait."""
        if placed.order_type is OrderType.MARKET:
            return False
        return placed.order_type is not OrderType.LIMIT or placed.time_in_force not in IMMEDIATE

    def place(
        self, timestamp_ns: int, user_id: str | None, client_order_id: str | None, order_id: str | None
    ) -> PlaceOrder:
        """Make an order of any kind."""
        chance, market = self._chance, self._market
        symbol, side = market.symbol(), chance.choice((Side.BUY, Side.SELL))
        order_type, time_in_force = self._instructions()
        may_rest = order_type is OrderType.LIMIT and time_in_force not in IMMEDIATE
        quantity_e8 = market.quantity(symbol)
        shows_part = may_rest and chance.random() < self._icebergs
        stops = order_type in (OrderType.STOP, OrderType.STOP_LIMIT)
        placed = PlaceOrder(
            symbol=symbol,
            side=side,
            quantity_e8=quantity_e8,
            price_e8=market.price(symbol, side) if order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT) else None,
            order_type=order_type,
            time_in_force=time_in_force,
            post_only=may_rest and chance.random() < 0.15,
            display_quantity_e8=market.display_quantity(symbol, quantity_e8) if shows_part else None,
            stop_price_e8=market.stop_price(symbol, side) if stops else None,
            trail_amount_e8=market.trail_amount(symbol) if order_type is OrderType.TRAILING_STOP else None,
            expire_at_ns=self._expire_at(timestamp_ns) if time_in_force is TimeInForce.GTD else None,
            self_trade_prevention=chance.choice(tuple(SelfTradePrevention))
            if chance.random() < self._prevents
            else None,
            user_id=user_id,
            client_order_id=client_order_id,
            order_id=order_id,
        )
        if order_id is not None:
            self._placed[order_id] = placed
            if len(self._placed) > TERMS_MAX:
                del self._placed[next(iter(self._placed))]
        return placed

    def named_with_price(self, chance: Random) -> tuple[str, int] | None:
        """Choose an order that was placed with a price; return its name and price."""
        named = [(name, placed.price_e8) for name, placed in self._placed.items() if placed.price_e8 is not None]
        return chance.choice(named) if named else None

    def new_terms(self, order_id: str | None, symbol: str) -> dict[str, int]:
        """Choose the terms of an amend: mostly some that the order has."""
        chance, market = self._chance, self._market
        placed = None if order_id is None else self._placed.get(order_id)
        symbol = placed.symbol if placed is not None else symbol
        names = ["quantity_e8", "quantity_e8", "price_e8"]
        if placed is None or chance.random() < 0.1:
            names += ["display_quantity_e8", "stop_price_e8", "trail_amount_e8"]
        else:
            wanted = ("price_e8", "display_quantity_e8", "stop_price_e8", "trail_amount_e8")
            names = ["quantity_e8", *(name for name in wanted if getattr(placed, name) is not None)]
        terms: dict[str, int] = {}
        if placed is not None and placed.price_e8 is not None and chance.random() < 0.3:
            return {"price_e8": placed.price_e8, "quantity_e8": market.quantity(symbol)}
        for name in chance.sample(names, min(len(names), chance.choice((1, 2)))):
            if placed is not None and getattr(placed, name) is not None and chance.random() < 0.2:
                terms[name] = getattr(placed, name)
            elif name == "quantity_e8":
                terms[name] = 0 if chance.random() < 0.05 else market.quantity(symbol)
            elif name == "price_e8":
                terms[name] = market.price(symbol, None)
            elif name == "display_quantity_e8":
                terms[name] = market.display_quantity(symbol, None)
            elif name == "stop_price_e8":
                terms[name] = market.stop_price(symbol, chance.choice((Side.BUY, Side.SELL)))
            else:
                terms[name] = market.trail_amount(symbol)
        if "display_quantity_e8" in terms and chance.random() < 0.02:
            terms["display_quantity_e8"] = 1
        return terms

    def _instructions(self) -> tuple[OrderType, TimeInForce]:
        chance, roll = self._chance, self._chance.randrange(100)
        if roll < self._stops:
            order_type = chance.choice((OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP))
            immediate = IMMEDIATE if order_type is OrderType.STOP_LIMIT else ()
            return order_type, chance.choice((*PATIENT, *immediate))
        roll = chance.randrange(100)
        if roll < 10:
            return OrderType.MARKET, chance.choice(OF_MARKET)
        if roll < 22:
            return OrderType.LIMIT, chance.choice(IMMEDIATE)
        return OrderType.LIMIT, chance.choice(PATIENT)

    def _expire_at(self, timestamp_ns: int) -> int:
        if self._chance.random() < 0.04:
            return timestamp_ns - self._chance.randint(0, 3)
        return timestamp_ns + self._chance.randint(1, 120) * 500
