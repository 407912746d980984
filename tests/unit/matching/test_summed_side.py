"""What the sums of a side say of a FOK order is what a walk through its orders says."""

from random import Random

import pytest

from order_engine.matching import summed_side
from order_engine.matching.bounds import UNBOUNDED
from order_engine.matching.commands import AmendOrder, CancelOrder, PlaceOrder, SelfTradePrevention, Side
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.fill_or_kill import fills_at_a_glance
from order_engine.matching.guard import Guard
from order_engine.matching.order_book import OrderBook
from order_engine.matching.price_band import PriceBand
from order_engine.matching.summed_side import SummedSide
from tests.invariants import check_book

TICK_E8 = 1_000_000
USERS = ("ann", "bob", None)
ORDERS = 100


def filled_book(chance: Random) -> tuple[MatchingEngine, OrderBook]:
    """Make a book of asks and icebergs of few users at few prices."""
    engine = MatchingEngine()
    for _ in range(ORDERS):
        engine.apply(placed(chance, Side.SELL), engine.sequence + 1, 1)
    return engine, engine.books["X"]


def placed(chance: Random, side: Side) -> PlaceOrder:
    lots = chance.randint(1, 30)
    return PlaceOrder(
        symbol="X",
        side=side,
        quantity_e8=lots,
        price_e8=chance.randint(100, 106) * TICK_E8,
        display_quantity_e8=chance.randint(1, min(lots, 3)) if chance.random() < 0.5 else None,
        user_id=chance.choice(USERS),
    )


def change_something(engine: MatchingEngine, chance: Random) -> None:
    order_id = str(chance.randint(1, engine.sequence))
    command = chance.choice(
        [
            placed(chance, Side.SELL),
            placed(chance, Side.BUY),
            CancelOrder(order_id=order_id),
            AmendOrder(order_id=order_id, quantity_e8=chance.randint(1, 30)),
            AmendOrder(order_id=order_id, price_e8=chance.randint(100, 106) * TICK_E8),
        ]
    )
    engine.apply(command, engine.sequence + 1, 1)


def guard_of(chance: Random) -> Guard | None:
    band = PriceBand(100 * TICK_E8, chance.choice((0, 2, 4, 6)) * 100_000_000) if chance.random() < 0.3 else None
    own_user = chance.choice(USERS)
    mode = chance.choice([mode for mode in SelfTradePrevention if mode is not SelfTradePrevention.NONE])
    return None if own_user is None and band is None else Guard(own_user, mode, band, TICK_E8)


@pytest.mark.parametrize("seed", range(10))
def test_sums_say_what_a_walk_says(seed: int) -> None:
    chance = Random(seed)
    engine, book = filled_book(chance)
    side = book.asks = SummedSide(book.asks)

    for _ in range(300):
        change_something(engine, chance)
        guard = guard_of(chance)
        own = [] if guard is None or guard.own_user is None else [*engine.live.newest_first(guard.own_user)]
        limit_rank, lots = chance.choice((None, 102, 105, 106)), chance.randint(1, 1_500)
        steps = chance.choice((UNBOUNDED, chance.randint(1, 500)))
        walked = fills_at_a_glance(side, limit_rank, guard, lots, steps, UNBOUNDED)
        assert side.can_fill(limit_rank, guard, own, lots, steps) == walked
    check_book(book)


def test_sums_of_those_who_asked_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summed_side, "OWNERS_MAX", 1)
    engine, book = filled_book(Random(1))
    side = book.asks = SummedSide(book.asks)

    for user_id in ("ann", "bob"):
        guard = Guard(user_id, SelfTradePrevention.CANCEL_OLDEST, None, TICK_E8)
        side.can_fill(None, guard, engine.live.newest_first(user_id), 1, 10)

    assert [*side._owners] == ["bob"]
