"""Requests that cost their reading: tiny chunks, malformed heads, slow clients."""

import socket
from collections import Counter
from contextlib import closing
from functools import partial

from stress.attacks.attack import TIMEOUT_SECONDS, Attack, Outcome, Target

CHUNKS = 9_000_000
HEADS = 500
CHUNKED = b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: %b\r\n\r\n"
MALFORMED = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-API-Key: secret\r\n : secret\r\n\r\n"
UNCLEAR = (
    b"GET /livez HTTP/1.1\r\n\r\n",
    CHUNKED % b"gzip, chunked" + b"0\r\n\r\n",
    b"POST /orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
)


def _sent(message: bytes, target: Target) -> Outcome:
    """Send bytes on a connection of their own; return the status of the response."""
    try:
        with closing(socket.create_connection(("127.0.0.1", target.port), timeout=TIMEOUT_SECONDS)) as connection:
            connection.sendall(message)
            connection.shutdown(socket.SHUT_WR)
            words = connection.recv(1 << 16).split(b" ", 2)
    except OSError as error:
        return Counter([type(error).__name__])
    return Counter([words[1].decode() if len(words) > 1 else "closed"])


def _malformed(target: Target) -> Outcome:
    return sum((_sent(MALFORMED, target) for _ in range(target.sized(HEADS))), Outcome())


ATTACKS = (
    Attack(
        "9 MB in chunks of one byte",
        lambda target: _sent(CHUNKED % b"chunked" + b"1\r\n \r\n" * target.sized(CHUNKS), target),
        every_seconds=5,
    ),
    Attack("500 malformed heads a second", _malformed),
    Attack(
        "requests without Host, with gzip chunks, with two lengths",
        lambda target: target.at_once([partial(_sent, message, target) for message in UNCLEAR]),
    ),
)
