"""WebSocket handshakes: what a request for one must have, and what the server is told about it.

A server that sets ``CAN_UPGRADE`` gives the connection away as ``UPGRADE`` says, and does not send the placeholder.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode
from collections.abc import Collection
from typing import NamedTuple

from order_engine.api.plumbing.keys import Environ
from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.responses import JsonResponse

CAN_UPGRADE = "order_engine.can_upgrade"
UPGRADE = "order_engine.upgrade"
PLACEHOLDER_STATUS = 503

BOOK, ORDERS_OF_BOOK, TRADES, ORDERS = "market-data", "market-data-by-order", "trades", "orders"
_VERSION = "13"
_KEY_BYTES = 16
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 has every server use it


class Upgrade(NamedTuple):
    """What the client wants, the response that accepts its handshake, and where it comes from."""

    greeting: bytes
    purpose: str
    symbol: str = ""
    size: int = 0
    since: int | None = None
    address: str = ""


def upgraded(environ: dict[str, object], upgrade: Upgrade) -> JsonResponse:
    """Let the server give the connection away; raises ``Problem`` under a server that cannot."""
    if CAN_UPGRADE not in environ:
        raise Problem("feeds_unavailable", "This server has no WebSockets: start it with order_engine serve.")
    environ[UPGRADE] = upgrade
    return JsonResponse(b"", PLACEHOLDER_STATUS)


def greeting_for(environ: Environ) -> bytes:
    """Check a handshake and return the response that accepts it; raises ``Problem``."""
    if "websocket" not in _words(environ, "HTTP_UPGRADE") or "upgrade" not in _words(environ, "HTTP_CONNECTION"):
        raise _upgrade_required("This path is for WebSockets: send a handshake.")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != _VERSION:
        raise _upgrade_required(f"Sec-WebSocket-Version: expected {_VERSION}.")
    if environ["SERVER_PROTOCOL"] != "HTTP/1.1" or environ.get("CONTENT_LENGTH", "0") != "0":
        raise Problem("malformed_request", "A handshake is a request of HTTP/1.1 without a body.")
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").encode("latin-1")
    try:
        is_key = len(b64decode(key, validate=True)) == _KEY_BYTES
    except binascii.Error:
        is_key = False
    if not is_key:
        raise Problem("malformed_request", f"Sec-WebSocket-Key: expected {_KEY_BYTES} bytes in base64.")
    accept = b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    return head + b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"


def _words(environ: Environ, name: str) -> Collection[str]:
    return {word.strip(" \t").lower() for word in environ.get(name, "").split(",")}


def _upgrade_required(detail: str) -> Problem:
    headers = {"Upgrade": "websocket", "Sec-WebSocket-Version": _VERSION}
    return Problem("upgrade_required", detail, headers=headers)
