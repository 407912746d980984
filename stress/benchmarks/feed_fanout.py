"""Subscribers of the feeds while orders flow: everybody gets everything in order, how late, and at what cost.

usage: python -m stress.benchmarks.feed_fanout [--subscribers 1000] [--symbols 20] [--rate 1000] [--seconds S]
    [--rounds N] [--min RATIO] [--save]

Orders are posted at a fixed rate; each subscriber follows one of the symbols. A thread samples the journal's watermark,
so that the time from durable to received is known to half a millisecond. Then order entry is measured at full speed
without and with the subscribers, in alternating rounds.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import msgspec
from msgspec import Struct

from order_engine.feeds.event_loop import new_loop
from order_engine.journal.watermark import WATERMARK_NAME, SharedWatermark
from stress.benchmarks.conditions import Figures, conditions_now, report
from stress.benchmarks.http_load import Load, processors
from stress.benchmarks.order_cost import ExchangeWork, Round
from stress.benchmarks.raw_clients import Subscriber, handshake
from stress.server import RunningServer, python_on, serving
from stress.workloads import Body, resting_and_crossing

SAMPLE_SECONDS = 0.0005
SETTLE_SECONDS = 3.0
RETRY_SECONDS = 0.1
CONNECTIONS = 64
BODIES = 2_000
PATH = "/api/v1/orders"


class WatermarkSamples:
    """When each sequence became durable."""

    def __init__(self, path: Path) -> None:
        self._watermark = SharedWatermark.open(path)
        self._times: list[float] = []
        self._sequences: list[int] = []
        self._stopped = Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._thread.start()

    def durable_at(self, sequence: int) -> float:
        """Return when a sequence was first seen to be durable."""
        return self._times[min(bisect_left(self._sequences, sequence), len(self._times) - 1)]

    def stop(self) -> None:
        """Sample no more."""
        self._stopped.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            visible = self._watermark.visible
            if not self._sequences or visible > self._sequences[-1]:
                self._times.append(perf_counter())
                self._sequences.append(visible)


class Numbered(Struct):
    """What is read of snapshots and updates."""

    sequence: int
    previous_sequence: int = 0


_decode = msgspec.json.Decoder(Numbered).decode


class Audience:
    """The subscribers, and what they have received."""

    def __init__(self) -> None:
        self.received: list[tuple[int, float]] = []
        self.last: dict[Subscriber, int] = {}
        self.broken = 0
        self.snapshots = 0

    async def gather(self, port: int, symbols: list[str], count: int) -> None:
        """Connect everybody, and wait for the snapshots; who is refused tries again."""
        loop = asyncio.get_running_loop()
        for place in range(count):
            path = f"/ws/market-data/{symbols[place % len(symbols)]}"
            subscriber = Subscriber(path, self.hear)
            while subscriber not in self.last:
                if subscriber.is_lost:
                    subscriber = Subscriber(path, self.hear)
                    await asyncio.sleep(RETRY_SECONDS)
                await loop.create_connection(lambda: subscriber, "127.0.0.1", port)  # noqa: B023 -- called at once
                while not (subscriber.is_lost or subscriber in self.last):
                    await asyncio.sleep(0.001)

    def hear(self, subscriber: Subscriber, message: bytes) -> None:
        """Check a message's place in the order."""
        if message.startswith(b'{"type":"update"'):
            update = _decode(message)
            self.broken += update.previous_sequence != self.last[subscriber]
            self.last[subscriber] = update.sequence
            self.received.append((update.sequence, perf_counter()))
        elif message.startswith(b'{"type":"snapshot"'):
            self.snapshots += 1
            self.last[subscriber] = _decode(message).sequence


def main() -> None:
    """Measure, print, and fail if a bound that was given is not kept."""
    arguments = _arguments()
    conditions = conditions_now()
    allowed = processors()
    if len(allowed) > 1:
        os.sched_setaffinity(0, {allowed[1]})
    symbols = [f"S{number}" for number in range(arguments.symbols)]
    with _exchange(allowed) as (server, directory), asyncio.Runner(loop_factory=new_loop) as runner:
        flow, latencies = runner.run(_fan_out(server.port, directory, symbols, arguments))
        cost = runner.run(_cost(server, symbols, arguments, allowed))
    figures: Figures = {"subscribers": arguments.subscribers, "symbols": arguments.symbols, **flow, **latencies, **cost}
    report("feed-fanout", conditions, figures, save=arguments.save)
    if flow["out_of_order"] or flow["snapshots_again"]:
        sys.exit("not everybody got everything in order")
    if float(str(cost["ratio"])) < arguments.min:
        sys.exit(f"order entry kept {cost['ratio']} of its rate, less than {arguments.min}")


@contextmanager
def _exchange(allowed: list[int]) -> Iterator[tuple[RunningServer, Path]]:
    with tempfile.TemporaryDirectory(prefix="feed-fanout-") as directory:
        data = Path(directory, "exchange")
        settings = {"DATA_DIR": str(data), "MAX_CONNECTIONS": "2000"}
        if len(allowed) > 1:
            settings["EXCHANGE_CPU"] = str(allowed[0])
        command = python_on(allowed, "-m", "order_engine", "serve")
        with serving(command, settings, ready_path="/readyz", log=Path(directory, "server.log")) as server:
            yield server, data


async def _fan_out(port: int, data: Path, symbols: list[str], arguments: argparse.Namespace) -> tuple[Figures, Figures]:
    bodies = _bodies(1, symbols)
    await _list(port, symbols)
    audience, samples = Audience(), WatermarkSamples(data / WATERMARK_NAME)
    await audience.gather(port, symbols, arguments.subscribers)
    posted = await _post_at_rate(port, bodies, arguments.rate, arguments.seconds)
    await asyncio.sleep(SETTLE_SECONDS)
    samples.stop()
    late = sorted(received - samples.durable_at(sequence) for sequence, received in audience.received)
    flow: Figures = {
        "orders_per_second": round(posted / arguments.seconds),
        "updates_received": len(late),
        "out_of_order": audience.broken,
        "snapshots_again": audience.snapshots - arguments.subscribers,
    }
    return flow, {"durable_to_received_ms": {name: _ms(late, share) for name, share in (("p50", 50), ("p99", 99))}}


def _bodies(seed: int, symbols: list[str]) -> list[Body]:
    """Return orders for one symbol after the other, in turn."""
    flows = (resting_and_crossing(seed, symbol, BODIES // len(symbols)) for symbol in symbols)
    return list(chain.from_iterable(zip(*flows, strict=True)))


def _ms(sorted_seconds: list[float], percent: int) -> float:
    return round(1_000 * sorted_seconds[min(len(sorted_seconds) - 1, len(sorted_seconds) * percent // 100)], 2)


async def _list(port: int, symbols: list[str]) -> None:
    for symbol in symbols:
        await _place(port, {"symbol": symbol, "side": "BUY", "quantity": "1", "price": "1.00"})

    while await _status(port, handshake(f"/ws/trades/{symbols[0]}")) != b"101":
        await asyncio.sleep(0.1)


async def _place(port: int, body: Body) -> None:
    assert await _status(port, _request(body)) == b"201"


async def _status(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    status = (await reader.readline()).split(b" ")[1]
    writer.close()
    return status


def _request(body: Body) -> bytes:
    payload = json.dumps(body).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload


async def _post_at_rate(port: int, bodies: list[Body], rate: int, seconds: float) -> int:
    """Post without waiting for answers, pipelined over one connection; return how many."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    discarding = asyncio.create_task(_discard(reader))
    began, posted = perf_counter(), 0
    while (elapsed := perf_counter() - began) < seconds:
        while posted < elapsed * rate:
            writer.write(_request(bodies[posted % len(bodies)]))
            posted += 1
        await asyncio.sleep(0.002)
    await asyncio.sleep(SETTLE_SECONDS)
    discarding.cancel()
    writer.close()
    return posted


async def _discard(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


async def _cost(
    server: RunningServer, symbols: list[str], arguments: argparse.Namespace, allowed: list[int]
) -> Figures:
    load = Load(_bodies(2, symbols), CONNECTIONS, round(arguments.seconds), allowed[-1])
    rounds = []
    for _ in range(arguments.rounds):
        alone = await _loaded(server, load)
        audience = Audience()
        await audience.gather(server.port, symbols, arguments.subscribers)
        beside = await _loaded(server, load)
        for subscriber in audience.last:
            subscriber.hang_up()
        rounds.append((alone, beside))
    ratios = [beside.per_second / alone.per_second for alone, beside in rounds]
    return {
        "orders_alone": [round(alone.per_second) for alone, _ in rounds],
        "orders_beside_subscribers": [round(beside.per_second) for _, beside in rounds],
        "ratio": round(statistics.median(ratios), 3) if rounds else 1.0,
        "exchange_us_per_order_alone": [alone.exchange_us for alone, _ in rounds],
        "exchange_us_per_order_beside_subscribers": [beside.exchange_us for _, beside in rounds],
    }


async def _loaded(server: RunningServer, load: Load) -> Round:
    work = ExchangeWork(server)
    rate = (await asyncio.to_thread(load.put_on, server.port, PATH)).requests_per_second
    return Round(rate, work.us_each(rate * load.seconds))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1_000)
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--min", type=float, default=0.0)
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
