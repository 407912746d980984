"""Orders over /ws/orders against single POSTs, over as many connections, in one run on one machine.

usage: python -m stress.benchmarks.order_socket [--connections 64] [--seconds S] [--rounds N] [--min RATIO] [--save]

The exchange keeps to the first processor, the clients and the followers to the second. Rounds alternate. Both kinds of
clients are the same few lines of Python in one loop, and each waits for its answer before it sends again. The CPU time
that an order costs the exchange says how many it could take if the clients had a machine of their own.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
from time import perf_counter
from typing import NamedTuple

from order_engine.feeds.service import new_loop
from stress.benchmarks.conditions import conditions_now, report
from stress.benchmarks.http_load import processors
from stress.benchmarks.raw_clients import Clients, Poster, SocketTrader, answered_by, masked
from stress.gauges import exchange_seconds_of
from stress.server import RunningServer, exchange_server
from stress.workloads import resting_and_crossing

BODIES = 2_000


def main() -> None:
    """Measure, print, and fail if the ratio is too low."""
    arguments = _arguments()
    conditions = conditions_now()
    allowed = processors()
    environment = {"MAX_CONNECTIONS": str(4 * arguments.connections)}
    if len(allowed) > 1:
        environment["EXCHANGE_CPU"] = str(allowed[0])
        os.sched_setaffinity(0, {allowed[1]})
    with (
        exchange_server(processors=allowed, environment=environment) as server,
        asyncio.Runner(loop_factory=new_loop) as runner,
    ):
        rounds = runner.run(_measure(server, arguments))
    ratio = statistics.median(over_socket.per_second / posted.per_second for posted, over_socket in rounds)
    figures = {
        "connections": arguments.connections,
        "posts_per_second": [round(posted.per_second) for posted, _ in rounds],
        "socket_orders_per_second": [round(over_socket.per_second) for _, over_socket in rounds],
        "ratio": round(ratio, 3),
        "exchange_us_per_post": [posted.exchange_us for posted, _ in rounds],
        "exchange_us_per_socket_order": [over_socket.exchange_us for _, over_socket in rounds],
    }
    report("order-socket", conditions, dict(figures), save=arguments.save)
    if ratio < arguments.min:
        sys.exit(f"ratio {ratio:.3f} is below {arguments.min}")


class Round(NamedTuple):
    """Orders a second, and what each cost the exchange."""

    per_second: float
    exchange_us: int


async def _measure(server: RunningServer, arguments: argparse.Namespace) -> list[tuple[Round, Round]]:
    bodies = [json.dumps(body) for body in resting_and_crossing(1, "AAPL", BODIES)]
    posts = [_post(body.encode()) for body in bodies]
    orders = [masked(f'{{"id":1,"op":"place",{body[1:]}'.encode()) for body in bodies]
    return [
        (
            await _post_all(server, posts, arguments.connections, arguments.seconds),
            await _place_all(server, orders, arguments.connections, arguments.seconds),
        )
        for _ in range(arguments.rounds)
    ]


def _post(body: bytes) -> bytes:
    head = b"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    return head + str(len(body)).encode() + b"\r\n\r\n" + body


async def _post_all(server: RunningServer, posts: list[bytes], count: int, seconds: float) -> Round:
    clients = [Poster(posts[place:] + posts[:place]) for place in range(count)]
    transports = [await _connected(server.port, client) for client in clients]
    return await _round(server, clients, transports, seconds)


async def _place_all(server: RunningServer, orders: list[bytes], count: int, seconds: float) -> Round:
    clients = [SocketTrader(orders[place:] + orders[:place]) for place in range(count)]
    transports = [await _connected(server.port, client.socket) for client in clients]
    for client in clients:
        client.begin()
    return await _round(server, clients, transports, seconds)


async def _round(server: RunningServer, clients: Clients, transports: list[asyncio.Transport], seconds: float) -> Round:
    await asyncio.sleep(min(1.0, seconds))
    worked, answered, began = exchange_seconds_of(server.process.pid), answered_by(clients), perf_counter()
    await asyncio.sleep(seconds)
    orders = answered_by(clients) - answered
    rate = orders / (perf_counter() - began)
    worked = exchange_seconds_of(server.process.pid) - worked
    for transport in transports:
        transport.abort()
    return Round(rate, round(1e6 * worked / orders))


async def _connected(port: int, protocol: asyncio.Protocol) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, "127.0.0.1", port)
    return transport


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--min", type=float, default=0.0)
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
