"""Many live orders: the memory of an exchange process with them, and the time until it is ready from a snapshot.

usage: python -m stress.benchmarks.million_orders [--orders N] [--save]

One process places the orders through the engine and saves a snapshot; another, which has loaded all of the server's
code, recovers from it; a third, a whole exchange, takes up to 200,000 of them as requests. All orders have users, half
of them an id of the client's. Memory is what the whole process holds, divided by the number of orders. Peaks are those
of the whole process too.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from werkzeug.test import create_environ

from order_engine.bootstrap.venue import Venue
from order_engine.exchange.recovery import SNAPSHOT_DIRECTORY, Recovery
from order_engine.exchange.snapshots import SnapshotFiles, make_snapshot
from order_engine.exchange.state import ExchangeState
from order_engine.journal.disk import LocalDisk
from order_engine.journal.record import Record
from order_engine.matching.commands import PlaceOrder, Side
from order_engine.settings import Settings
from stress.benchmarks.conditions import PROJECT, Figures, conditions_now, report
from stress.workloads import decimal_price

SYMBOLS = [f"SYM{number}" for number in range(20)]
USERS = [f"user-{number:05}" for number in range(10_000)]
START_NS = 1_700_000_000_000_000_000
GAP_NS_MAX = 1_000_000
ONE_E8 = 100_000_000
CENT_E8 = 1_000_000
MID_CENTS = 10_000
AWAY_CENTS = 2_000
PLACED_MAX = 200_000


def main() -> None:
    """Measure both processes, each by itself."""
    arguments = _arguments()
    if arguments.part is not None:
        part: Callable[[Path, int], Figures] = {"build": build, "recover": recover, "place": place}[arguments.part]
        print(json.dumps(part(arguments.directory, arguments.orders)))
        return
    conditions = conditions_now()
    with TemporaryDirectory() as directory:
        built, recovered = (_measured(part, directory, arguments.orders) for part in ("build", "recover"))
        placed = _measured("place", directory, min(arguments.orders, PLACED_MAX))
    figures: Figures = {"orders": arguments.orders, "built": built, "recovered": recovered, "placed": placed}
    report("million-orders", conditions, figures, save=arguments.save)


def build(directory: Path, orders: int) -> Figures:
    """Place the orders, none of which trades, and save a snapshot."""
    started = time.process_time()
    state = ExchangeState()
    for record in resting_orders(orders):
        state.apply(record)
    assert len(state.engine.live.by_key) == orders
    built = {"seconds_to_place": _since(started), "bytes_an_order": _resident_bytes() // orders}
    started = time.process_time()
    snapshot = make_snapshot(state, "0" * 32, 1)
    SnapshotFiles(directory / SNAPSHOT_DIRECTORY, LocalDisk()).put(snapshot)
    return {
        **built,
        "seconds_to_save": _since(started),
        "snapshot_bytes_an_order": len(snapshot.content) // orders,
        "peak_bytes_an_order": _peak_bytes() // orders,
    }


def recover(directory: Path, orders: int) -> Figures:
    """Recover from the snapshot, with the code of the whole server loaded."""
    recovery = Recovery(directory, LocalDisk())
    recovery.journal_directory.mkdir()
    before_bytes = _resident_bytes()
    started, started_at = time.process_time(), time.perf_counter()
    state = recovery.state_at_or_before(orders)
    seconds, wall_seconds = _since(started), round(time.perf_counter() - started_at, 2)
    assert len(state.engine.live.by_key) == orders
    return {
        "seconds": seconds,
        "wall_seconds": wall_seconds,
        "bytes_an_order": _resident_bytes() // orders,
        "bytes_an_order_without_the_code": (_resident_bytes() - before_bytes) // orders,
        "peak_bytes_an_order": _peak_bytes() // orders,
    }


def place(directory: Path, orders: int) -> Figures:
    """Take the orders one by one as an exchange does; nothing but the socket is left out."""
    environment = {"DATA_DIR": str(directory / "placed"), "JOURNAL_SYNC": "off", "LOG_LEVEL": "ERROR"}
    venue = Venue(Settings.from_environment(environment))
    venue.start()
    venue.wait_started()
    # The first loads what is loaded late.
    records = resting_orders(1 + orders)
    _post(venue, _body(next(records)))
    before_bytes = _resident_bytes()
    started = time.process_time()
    for record in records:
        _post(venue, _body(record))
    placed: Figures = {
        "orders": orders,
        "microseconds_an_order": round(_since(started) * 1e6 / orders),
        "bytes_an_order_without_the_code": (_resident_bytes() - before_bytes) // orders,
    }
    venue.close(grace_seconds=0)
    return placed


def _post(venue: Venue, body: bytes) -> None:
    statuses: list[str] = []
    environ = create_environ("/api/v1/orders", method="POST", data=body, content_type="application/json")

    def start_response(
        status: str, _headers: list[tuple[str, str]], _error: object = None
    ) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda _: None

    for _ in venue.app(environ, start_response):
        pass
    assert statuses[-1].startswith("201"), statuses


def _body(record: Record) -> bytes:
    (order,) = record.commands
    assert isinstance(order, PlaceOrder)
    assert order.price_e8 is not None
    message = {
        "user_id": order.user_id,
        "symbol": order.symbol,
        "side": order.side,
        "quantity": order.quantity_e8 // ONE_E8,
        "price": decimal_price(order.price_e8 // CENT_E8),
    }
    named = {} if order.client_order_id is None else {"client_order_id": order.client_order_id}
    return json.dumps({**message, **named}).encode()


def resting_orders(orders: int, start_ns: int = START_NS) -> Iterator[Record]:
    """Yield records of one order each, of many users in some symbols, none of which trades."""
    chance, timestamp_ns = Random(1), start_ns
    for sequence in range(1, orders + 1):
        timestamp_ns += chance.randint(1_000, GAP_NS_MAX)
        side = chance.choice((Side.BUY, Side.SELL))
        away_cents = chance.randint(1, AWAY_CENTS)
        placed = PlaceOrder(
            symbol=chance.choice(SYMBOLS),
            side=side,
            quantity_e8=chance.randint(1, 500) * ONE_E8,
            price_e8=(MID_CENTS - away_cents if side is Side.BUY else MID_CENTS + away_cents) * CENT_E8,
            user_id=chance.choice(USERS),
            client_order_id=f"client-{sequence}" if sequence % 2 else None,
        )
        yield Record(sequence=sequence, timestamp_ns=timestamp_ns, commands=(placed,))


def _measured(part: str, directory: str, orders: int) -> Figures:
    command = [sys.executable, "-m", "stress.benchmarks.million_orders", "--orders", str(orders)]
    finished = subprocess.run(
        [*command, "--part", part, "--directory", directory], cwd=PROJECT, stdout=subprocess.PIPE, check=True
    )
    figures: Figures = json.loads(finished.stdout)
    return figures


def _since(started: float) -> float:
    return round(time.process_time() - started, 2)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="million_orders", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--save", action="store_true", help="keep the figures in stress/results")
    parser.add_argument("--part", choices=["build", "recover", "place"], help=argparse.SUPPRESS)
    parser.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
