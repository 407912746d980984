"""Threads that stay with their connections must not starve the others."""

import http.client
from contextlib import ExitStack, closing

from stress.server import exchange_server

THREADS = {"THREADS": "2"}


def open_connection(stack: ExitStack, port: int) -> http.client.HTTPConnection:
    return stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)))


def status_of_request(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/livez")
    response = connection.getresponse()
    response.read()
    return response.status


def test_more_kept_connections_than_threads_are_all_served() -> None:
    with exchange_server(environment=THREADS) as server, ExitStack() as stack:
        connections = [open_connection(stack, server.port) for _ in range(8)]

        statuses = [status_of_request(connection) for _ in range(5) for connection in connections]

        assert statuses == [200] * 40


def test_idle_kept_connections_hold_no_thread() -> None:
    with exchange_server(environment=THREADS) as server, ExitStack() as stack:
        idle = [open_connection(stack, server.port) for _ in range(6)]
        assert [status_of_request(connection) for connection in idle] == [200] * 6

        newcomer = open_connection(stack, server.port)

        assert status_of_request(newcomer) == 200
