"""A contest for a class: everybody's bot trades in one exchange, round by round, and the richest wins.

A bot is called once a round with a client, its name, the symbol and what it holds, and may place orders. If it fails,
the round goes on without it.

usage: python -m examples.contest [ROUNDS]
"""

import random
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import NamedTuple

from order_engine.client import Client, ExchangeError
from order_engine.client.terms import NewOrder, Side
from order_engine.testing import exchange

SYMBOL = "CLASS"
HOUSE = "house"
Bot = Callable[[Client, str, str, Decimal], object]


class Standing(NamedTuple):
    """What a bot has made: its profit, with what it holds counted at the house's price."""

    name: str
    profit: Decimal
    position: Decimal


def contest(client: Client, bots: Mapping[str, Bot], rounds: int, seed: int = 1) -> list[Standing]:
    """Let the bots trade, in another order each round; return the standings, the winner first."""
    chance = random.Random(seed)
    price = Decimal(100)
    for _ in range(rounds):
        price += chance.choice([Decimal("-0.50"), Decimal(0), Decimal("0.50")])
        _make_market(client, price)
        for name in chance.sample(list(bots), len(bots)):
            try:
                bots[name](client, name, SYMBOL, _position(client, name))
            except ExchangeError as error:
                print(f"{name}: {error}", file=sys.stderr)
    standings = [_standing(client, name, price) for name in bots]
    return sorted(standings, key=lambda standing: standing.profit, reverse=True)


class Follower:
    """Buys after a rise, sells after a fall."""

    def __init__(self) -> None:
        self._bid_before: Decimal | None = None

    def __call__(self, client: Client, name: str, symbol: str, position: Decimal) -> None:
        """Take a turn."""
        bid, before = client.top_of_book(symbol).best_bid, self._bid_before
        self._bid_before = bid
        if bid is None or before is None or bid == before:
            return
        if bid > before and position < 20:
            client.place(user_id=name, symbol=symbol, side="BUY", quantity=2, type="MARKET")
        elif bid < before and position > -20:
            client.place(user_id=name, symbol=symbol, side="SELL", quantity=2, type="MARKET")


def contrarian(client: Client, name: str, symbol: str, position: Decimal) -> None:
    """Buy below 100, sell above."""
    top = client.top_of_book(symbol)
    if top.best_ask is not None and top.best_ask < 100 and position < 20:
        client.place(user_id=name, symbol=symbol, side="BUY", quantity=2, price=top.best_ask, time_in_force="IOC")
    elif top.best_bid is not None and top.best_bid > 100 and position > -20:
        client.place(user_id=name, symbol=symbol, side="SELL", quantity=2, price=top.best_bid, time_in_force="IOC")


def quoter(client: Client, name: str, symbol: str, position: Decimal) -> None:
    """Quote inside the house's spread, on the side that brings the position back to nothing."""
    client.cancel_all(name, symbol=symbol)
    top = client.top_of_book(symbol)
    step = Decimal("0.01")
    if position <= 0 and top.best_bid is not None:
        client.place(user_id=name, symbol=symbol, side="BUY", quantity=5, price=top.best_bid + step, post_only=True)
    if position >= 0 and top.best_ask is not None:
        client.place(user_id=name, symbol=symbol, side="SELL", quantity=5, price=top.best_ask - step, post_only=True)


def _make_market(client: Client, price: Decimal) -> None:
    client.cancel_all(HOUSE)
    away = [Decimal(step) / 10 for step in range(1, 6)]
    bids = [_quote("BUY", price - distance) for distance in away]
    client.place_batch(bids + [_quote("SELL", price + distance) for distance in away])


def _quote(side: Side, price: Decimal) -> NewOrder:
    return {"user_id": HOUSE, "symbol": SYMBOL, "side": side, "quantity": 10, "price": price}


def _position(client: Client, name: str) -> Decimal:
    return sum((held.net_quantity for held in client.positions(name)), Decimal(0))


def _standing(client: Client, name: str, price: Decimal) -> Standing:
    held = list(client.positions(name))
    profit = sum((one.realized_pnl + one.net_quantity * price - one.total_cost for one in held), Decimal(0))
    return Standing(name, profit, _position(client, name))


def main(rounds: str = "50") -> None:
    """Hold a contest on an exchange of its own, and print the ranking."""
    with exchange() as ex, ex.client() as client:
        standings = contest(client, {"ann": Follower(), "bob": contrarian, "cy": quoter}, int(rounds))
    for rank, standing in enumerate(standings, start=1):
        print(f"{rank}. {standing.name:<10}{standing.profit:>10.2f}   holds {standing.position}")


if __name__ == "__main__":
    main(*sys.argv[1:])
