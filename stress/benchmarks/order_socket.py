"""Orders over /ws/orders against single POSTs, over as many connections, in one run on one machine.

usage: python -m stress.benchmarks.order_socket [--connections 64] [--in-flight 8] [--seconds S] [--rounds N]
    [--min RATIO] [--save]

The exchange keeps to the first processor, the clients and the followers to the second. Rounds alternate. Both kinds of
clients are the same few lines of Python in one loop. With one order in flight each waits for its answer before it sends
again, as it must over HTTP; a WebSocket also lets a client send more meanwhile, and the bound is for that. The CPU time
that an order costs the exchange says how many it could take if the clients had a machine of their own.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import Sequence
from time import perf_counter

from order_engine.feeds.event_loop import new_loop
from stress.benchmarks.conditions import conditions_now, report
from stress.benchmarks.http_load import processors
from stress.benchmarks.order_cost import ExchangeWork, Round
from stress.benchmarks.raw_clients import Clients, Poster, SocketTrader, answered_by, masked
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
    posts, singles, pipelined = zip(*rounds, strict=True)
    ratio = _ratio(pipelined, posts)
    figures = {
        "connections": arguments.connections,
        "in_flight": arguments.in_flight,
        "ratio_with_one_in_flight": _ratio(singles, posts),
        "ratio": ratio,
        "posts": _shown(posts),
        "socket_orders_one_in_flight": _shown(singles),
        "socket_orders": _shown(pipelined),
    }
    report("order-socket", conditions, dict(figures), save=arguments.save)
    if ratio < arguments.min:
        sys.exit(f"ratio {ratio:.3f} is below {arguments.min}")


def _ratio(rounds: Sequence[Round], others: Sequence[Round]) -> float:
    pairs = zip(rounds, others, strict=True)
    return round(statistics.median(one.per_second / other.per_second for one, other in pairs), 3)


def _shown(rounds: Sequence[Round]) -> dict[str, list[int]]:
    return {
        "per_second": [round(one.per_second) for one in rounds],
        "exchange_us": [one.exchange_us for one in rounds],
    }


async def _measure(server: RunningServer, arguments: argparse.Namespace) -> list[tuple[Round, Round, Round]]:
    bodies = [json.dumps(body) for body in resting_and_crossing(1, "AAPL", BODIES)]
    posts = [_post(body.encode()) for body in bodies]
    orders = [masked(f'{{"id":1,"op":"place",{body[1:]}'.encode()) for body in bodies]
    return [
        (
            await _post_all(server, posts, arguments.connections, arguments.seconds),
            await _place_all(server, orders, 1, arguments),
            await _place_all(server, orders, arguments.in_flight, arguments),
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


async def _place_all(
    server: RunningServer, orders: list[bytes], in_flight: int, arguments: argparse.Namespace
) -> Round:
    count = arguments.connections
    clients = [SocketTrader(orders[place:] + orders[:place], in_flight) for place in range(count)]
    transports = [await _connected(server.port, client.socket) for client in clients]
    for client in clients:
        client.begin()
    return await _round(server, clients, transports, arguments.seconds)


async def _round(server: RunningServer, clients: Clients, transports: list[asyncio.Transport], seconds: float) -> Round:
    await asyncio.sleep(min(1.0, seconds))
    work, answered, began = ExchangeWork(server), answered_by(clients), perf_counter()
    await asyncio.sleep(seconds)
    orders = answered_by(clients) - answered
    measured = Round(orders / (perf_counter() - began), work.us_each(orders))
    for transport in transports:
        transport.abort()
    return measured


async def _connected(port: int, protocol: asyncio.Protocol) -> asyncio.Transport:
    transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, "127.0.0.1", port)
    return transport


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--min", type=float, default=0.0)
    parser.add_argument("--save", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
