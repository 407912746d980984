"""Seeded command streams that go everywhere: every kind of command, order and instruction, right and wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    OrderType,
    PlaceOrder,
    SetInstrument,
    Side,
    TimeInForce,
)

ONE_E8 = 100_000_000
CENT_E8 = 1_000_000
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE")
NEVER_LISTED = "ZZZ"
USERS = ("ann", "bob", "cat", None)
MID_TICKS = 1_000
REMEMBERED_MAX = 25


@dataclass(frozen=True)
class Step:
    """A command with its place and time."""

    command: Command
    sequence: int
    timestamp_ns: int


Name = TypeVar("Name")


class RandomCommands:
    """Streams that a seed decides. They know what they asked for, not what the exchange made of it."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        # Patient streams have long queues, impatient ones empty sides.
        self._patience = self._chance.random()
        self._spread_ticks = self._chance.randint(1, 8)
        self._names_orders = self._chance.random() < 0.5
        self._sequence = 0
        self._timestamp_ns = self._chance.randrange(10**18)
        self._order_ids: list[str] = ["nobody's"]
        self._client_ids: list[tuple[str, str]] = [("ann", "nothing")]
        self._ticks_e8 = dict.fromkeys((*SYMBOLS, NEVER_LISTED), CENT_E8)
        self._lots_e8 = dict.fromkeys((*SYMBOLS, NEVER_LISTED), 1)

    def steps(self, count: int) -> Iterator[Step]:
        """Yield that many commands; sequences may skip, time may stand still."""
        for _ in range(count):
            self._sequence += 1 if self._chance.random() < 0.95 else self._chance.randint(1, 5)
            self._timestamp_ns += self._chance.choice((0, 0, 1, 1_000))
            yield Step(self._command(), self._sequence, self._timestamp_ns)

    def _command(self) -> Command:
        roll = self._chance.randrange(1_000)
        if self._sequence == 1 and roll < 500:
            return self._configure()
        if roll < 620:
            return self._place()
        if roll < 810:
            return self._amend()
        if roll < 945:
            return self._cancel()
        if roll < 960:
            return self._cancel_all()
        if roll < 985:
            return self._set_instrument()
        return self._configure()

    def _place(self) -> PlaceOrder:
        chance = self._chance
        symbol = chance.choice(SYMBOLS) if chance.random() < 0.98 else NEVER_LISTED
        side = chance.choice((Side.BUY, Side.SELL))
        order_type, time_in_force, post_only = self._instructions()
        user_id = chance.choice(USERS)
        client_order_id = f"c{chance.randrange(60)}" if chance.random() < 0.3 else None
        order_id = self._order_id()
        may_rest = order_type is OrderType.LIMIT and time_in_force is TimeInForce.GTC
        if may_rest or chance.random() < 0.1:
            self._order_ids = [*self._order_ids[-REMEMBERED_MAX:], order_id or str(self._sequence)]
            if user_id is not None and client_order_id is not None:
                self._client_ids = [*self._client_ids[-REMEMBERED_MAX:], (user_id, client_order_id)]
        return PlaceOrder(
            symbol=symbol,
            side=side,
            quantity_e8=self._quantity(symbol),
            price_e8=None if order_type is OrderType.MARKET else self._price(symbol, side),
            order_type=order_type,
            time_in_force=time_in_force,
            post_only=post_only,
            user_id=user_id,
            client_order_id=client_order_id,
            order_id=order_id,
        )

    def _order_id(self) -> str | None:
        roll = self._chance.random()
        if roll < 0.03:
            return self._recent(self._order_ids)
        if roll < 0.04:
            return str(self._sequence + self._chance.randint(1, 3))
        return f"o{self._sequence}" if self._names_orders else None

    def _recent(self, ids: list[Name]) -> Name:
        oldest_first = min(self._chance.randrange(len(ids)), self._chance.randrange(len(ids)))
        return ids[-1 - oldest_first]

    def _instructions(self) -> tuple[OrderType, TimeInForce, bool]:
        roll = self._chance.randrange(100)
        if roll < 6:
            return OrderType.MARKET, self._chance.choice(tuple(TimeInForce)), False
        if roll < 12:
            return OrderType.LIMIT, TimeInForce.IOC, False
        if roll < 20:
            return OrderType.LIMIT, TimeInForce.FOK, False
        return OrderType.LIMIT, TimeInForce.GTC, roll < 40

    def _price(self, symbol: str, side: Side | None) -> int:
        away_ticks = self._chance.randint(-self._spread_ticks, self._spread_ticks)
        if side is not None and self._chance.random() < self._patience:
            away_ticks = -abs(away_ticks) if side is Side.BUY else abs(away_ticks)
        ticks = MID_TICKS + away_ticks
        return ticks * self._ticks_e8[symbol] + (self._chance.random() < 0.02)

    def _quantity(self, symbol: str) -> int:
        steps_e8 = max(self._lots_e8[symbol], ONE_E8)
        return self._chance.randint(1, 20) * steps_e8 + (self._chance.random() < 0.1)

    def _amend(self) -> AmendOrder:
        chance = self._chance
        symbol = chance.choice(SYMBOLS)
        quantity_e8 = None
        if chance.random() < 0.7:
            quantity_e8 = 0 if chance.random() < 0.05 else self._quantity(symbol)
        price_e8 = self._price(symbol, None) if quantity_e8 is None or chance.random() < 0.4 else None
        named_symbol = symbol if chance.random() < 0.1 else None
        if chance.random() < 0.25:
            user_id, client_order_id = self._recent(self._client_ids)
            return AmendOrder(
                user_id=user_id,
                client_order_id=client_order_id,
                symbol=named_symbol,
                price_e8=price_e8,
                quantity_e8=quantity_e8,
            )
        order_id = self._recent(self._order_ids)
        return AmendOrder(order_id=order_id, symbol=named_symbol, price_e8=price_e8, quantity_e8=quantity_e8)

    def _cancel(self) -> CancelOrder:
        chance = self._chance
        symbol = chance.choice(SYMBOLS) if chance.random() < 0.1 else None
        if chance.random() < 0.25:
            user_id, client_order_id = self._recent(self._client_ids)
            return CancelOrder(user_id=user_id, client_order_id=client_order_id, symbol=symbol)
        return CancelOrder(order_id=self._recent(self._order_ids), symbol=symbol)

    def _cancel_all(self) -> CancelAll:
        chance = self._chance
        return CancelAll(
            user_id=chance.choice(("ann", "bob", "cat", "dan")),
            symbol=chance.choice((*SYMBOLS, None, None)),
            side=chance.choice((Side.BUY, Side.SELL, None)),
        )

    def _set_instrument(self) -> SetInstrument:
        chance = self._chance
        symbol = chance.choice(SYMBOLS)
        tick_e8 = chance.choice((None, CENT_E8, 5 * CENT_E8))
        lot_e8 = chance.choice((None, 1, ONE_E8 // 100))
        # Now and then go on asking in the old steps: refusals for tick and lot follow where the change went through.
        if chance.random() < 0.85:
            self._ticks_e8[symbol] = tick_e8 or self._ticks_e8[symbol]
            self._lots_e8[symbol] = lot_e8 or self._lots_e8[symbol]
        return SetInstrument(symbol=symbol, tick_size_e8=tick_e8, lot_size_e8=lot_e8)

    def _configure(self) -> Configure:
        chance = self._chance
        return Configure(
            default_tick_size_e8=chance.choice((CENT_E8, CENT_E8, 5 * CENT_E8)),
            default_lot_size_e8=chance.choice((1, 1, ONE_E8)),
            auto_list=chance.random() < 0.6,
            max_instruments=chance.choice((2, 3, 4, 100)),
        )
