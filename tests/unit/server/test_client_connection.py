"""A connection that never waits: what it keeps for its client, and what it lets go."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest
from gunicorn.config import Config

from order_engine.server.client_connection import ClientConnection, ClientSocket, Stage

BROKEN_CHUNKS = b"POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nno chunk\r\n"


class Ends(NamedTuple):
    """The client's end, and ours."""

    client: socket.socket
    connection: ClientConnection


@pytest.fixture
def ends() -> Iterator[Ends]:
    client, accepted = socket.socketpair()
    with closing(client), closing(ClientSocket(accepted)) as ours:
        yield Ends(client, ClientConnection(Config(), ours, None, None))


def test_request_is_whole_once_its_last_byte_has_come(ends: Ends) -> None:
    ends.client.sendall(b"GET / HTTP/1.1\r\n\r")
    assert ends.connection.advance() is Stage.COMING
    assert ends.connection.held_bytes == 17

    ends.client.sendall(b"\n")

    assert ends.connection.advance() is Stage.WHOLE


def test_nothing_of_a_refused_request_is_kept(ends: Ends) -> None:
    ends.client.sendall(BROKEN_CHUNKS)
    assert ends.connection.advance() is Stage.LEAVING
    assert ends.client.recv(13) == b"HTTP/1.1 400 "

    ends.connection.say_goodbye()
    ends.client.sendall(b"more")

    assert ends.connection.advance() is Stage.LEAVING
    assert ends.connection.held_bytes == 0
    # The parser reads from where it is kept: it must not keep another.
    assert ends.connection.parser.unreader.sock is ends.connection.arrival


def test_client_that_hangs_up_is_gone(ends: Ends) -> None:
    ends.client.shutdown(socket.SHUT_WR)

    assert ends.connection.advance() is Stage.GONE
