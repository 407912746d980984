"""Reads that ask the database for much, and a database that is locked meanwhile."""

import json
import sqlite3
import time
from contextlib import closing, suppress
from functools import partial

from stress.attacks.attack import Attack, Outcome, Target, order

TRADES = 50_000
ROWS = 100_000
BIG_ORDER = "many-trades"
BIG_ORDER_PATH = f"/orders/by-client-id/{BIG_ORDER}?user_id=attacker"
READERS = 100
LIVE_SECONDS_MAX = 1.0
BUSY_SECONDS_MAX = 30
PAGES = 16


def _trade_with_one_order(target: Target) -> None:
    count = target.sized(TRADES)
    target.place([order("MANY", "SELL", count, 10, client_order_id=BIG_ORDER)])
    takers = [order("MANY", "BUY", 1, 10, time_in_force="IOC")] * count
    target.place(takers)
    _wait_stored(target, BIG_ORDER_PATH)


def _place_and_cancel(target: Target) -> None:
    """Fill the database with ended orders of a user whose rare symbol comes first."""
    target.place([order("RARE", "BUY", 1, 1, user_id="trader", time_in_force="IOC")])
    target.place([order("COMMON", "BUY", 1, 1, user_id="trader", time_in_force="IOC")] * target.sized(ROWS))
    _wait_stored(target, "/orders?user_id=trader&symbol=RARE&limit=1")


def _wait_stored(target: Target, path: str) -> None:
    """Wait until the database has caught up, for a bounded time: a read that must see a new order waits for it."""
    deadline = time.monotonic() + BUSY_SECONDS_MAX
    while time.monotonic() < deadline:
        status, content = target.ask("GET", "/health")
        if status == 200 and not any(json.loads(content).get("lag", {"none": 0}).values()):
            break
        time.sleep(0.2)
    target.status("GET", path)


def _filtered(target: Target) -> Outcome:
    """Ask for what is rare among very many."""
    paths = ("/orders?user_id=trader&symbol=RARE", "/trades?user_id=trader&symbol=RARE", "/orders?symbol=RARE&limit=5")
    return target.at_once([partial(target.status, "GET", path) for path in paths * 5])


def _locked(target: Target) -> Outcome:
    """Lock the SQLite file as another program may, while a hundred readers ask for what is not yet in it."""
    path = target.data_directory / "exchange.db"
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=10)) as other:
        other.execute("BEGIN IMMEDIATE")
        newest = {"X-Min-Sequence": target.place_one(order("LOCK", "BUY", 1, 1, time_in_force="IOC"))}
        outcome = target.at_once([partial(target.status, "GET", "/trades", headers=newest)] * READERS)
        started = time.monotonic()
        outcome += target.status("GET", "/livez")
        if time.monotonic() - started > LIVE_SECONDS_MAX:
            outcome["/livez late"] += 1
        return outcome
    return Outcome(["not locked"])


ATTACKS = (
    Attack(
        "40 reads at once of an order with 50,000 trades",
        lambda target: target.get_at_once(BIG_ORDER_PATH, 40),
        _trade_with_one_order,
        every_seconds=2,
    ),
    Attack("15 reads at once of what is rare in 100,000 rows", _filtered, _place_and_cancel),
    Attack("the SQLite file locked, and 100 readers", _locked, every_seconds=15),
)
