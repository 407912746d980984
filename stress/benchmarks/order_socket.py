"""Orders over /ws/orders against single POSTs, over as many connections, in one run on one machine.

usage: python -m stress.benchmarks.order_socket [--connections 64] [--seconds S] [--rounds N] [--min RATIO] [--save]

The exchange keeps to the first processor, the clients and the followers to the second. Rounds alternate. Both kinds of
clients are the same few lines of Python in one loop, and each waits for its answer before it sends again.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys

from stress.benchmarks.conditions import conditions_now, report
from stress.benchmarks.http_load import processors
from stress.benchmarks.raw_clients import Poster, SocketTrader, masked, rate_of
from stress.server import exchange_server
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
    with exchange_server(processors=allowed, environment=environment) as server:
        rounds = asyncio.run(_measure(server.port, arguments))
    ratio = statistics.median(over_socket / posted for posted, over_socket in rounds)
    figures = {
        "connections": arguments.connections,
        "posts_per_second": [round(posted) for posted, _ in rounds],
        "socket_orders_per_second": [round(over_socket) for _, over_socket in rounds],
        "ratio": round(ratio, 3),
    }
    report("order-socket", conditions, dict(figures), save=arguments.save)
    if ratio < arguments.min:
        sys.exit(f"ratio {ratio:.3f} is below {arguments.min}")


async def _measure(port: int, arguments: argparse.Namespace) -> list[tuple[float, float]]:
    bodies = [json.dumps(body) for body in resting_and_crossing(1, "AAPL", BODIES)]
    posts = [_post(body.encode()) for body in bodies]
    orders = [masked(f'{{"id":1,"op":"place",{body[1:]}'.encode()) for body in bodies]
    return [
        (
            await _post_all(port, posts, arguments.connections, arguments.seconds),
            await _place_all(port, orders, arguments.connections, arguments.seconds),
        )
        for _ in range(arguments.rounds)
    ]


def _post(body: bytes) -> bytes:
    head = b"POST /api/v1/orders HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    return head + str(len(body)).encode() + b"\r\n\r\n" + body


async def _post_all(port: int, posts: list[bytes], count: int, seconds: float) -> float:
    clients = [Poster(posts[place:] + posts[:place]) for place in range(count)]
    transports = [await _connected(port, client) for client in clients]
    rate = await rate_of(clients, seconds)
    for transport in transports:
        transport.abort()
    return rate


async def _place_all(port: int, orders: list[bytes], count: int, seconds: float) -> float:
    clients = [SocketTrader(orders[place:] + orders[:place]) for place in range(count)]
    transports = [await _connected(port, client.socket) for client in clients]
    for client in clients:
        client.begin()
    rate = await rate_of(clients, seconds)
    for transport in transports:
        transport.abort()
    return rate


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
