"""Idle connections do not delay the others: one loop serves all, without threads."""

import http.client
import statistics
from contextlib import ExitStack, closing
from time import monotonic

from stress.server import exchange_server


def open_connection(stack: ExitStack, port: int) -> http.client.HTTPConnection:
    return stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)))


def status_of_request(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/instruments")
    response = connection.getresponse()
    response.read()
    return response.status


def test_many_kept_connections_are_all_served() -> None:
    with exchange_server() as server, ExitStack() as stack:
        connections = [open_connection(stack, server.port) for _ in range(200)]

        statuses = [status_of_request(connection) for _ in range(5) for connection in connections]

        assert statuses == [200] * 1000


def test_newcomer_does_not_wait_for_those_that_were_just_answered() -> None:
    with exchange_server() as server, ExitStack() as stack:
        quick = [open_connection(stack, server.port) for _ in range(64)]
        newcomer = open_connection(stack, server.port)
        seconds = []

        for _ in range(20):
            for connection in quick:
                assert status_of_request(connection) == 200
            begun = monotonic()
            assert status_of_request(newcomer) == 200
            seconds.append(monotonic() - begun)

        # A thread that stayed with its last client for 50 ms delayed the next one as long.
        assert statistics.median(seconds) < 0.03
