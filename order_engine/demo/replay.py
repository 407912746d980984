"""Plays a stream of NDJSON commands on an exchange, through its REST API, at the pace of the stream's times."""

import time
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from order_engine.demo.connections import Answer, Connection, Json
from order_engine.streams.messages import Message, decode_message
from order_engine.wire.form import FormError
from order_engine.wire.timestamps import parse_timestamp

NS_PER_SECOND = 1_000_000_000
# A stream without times plays so many commands a second at speed 1.
COMMANDS_PER_SECOND = 20
# A stream may pause for the night; nobody wants to wait for the morning.
PAUSE_SECONDS_MAX = 2
OWNER = "stream"


class Played(NamedTuple):
    """What became of a stream's lines."""

    sent: int
    refused: int
    unread: int


class StreamReplay:
    """Sends each command as a request. Orders get ids of the exchange, which stand for those of the stream."""

    def __init__(self, connection: Connection, speed: int, sleep: Callable[[float], object] = time.sleep) -> None:
        """``speed`` 0 means without pauses."""
        self._connection = connection
        self._speed = speed
        self._sleep = sleep
        self._order_ids: dict[str, str] = {}
        self._last_ns: int | None = None
        self._senders: dict[str, Callable[[Message], Answer]] = {
            "create": self._create,
            "amend": self._amend,
            "cancel": self._cancel,
            "cancel_all": lambda message: self._send("DELETE", f"/orders?{_query(message)}"),
            "instrument": lambda message: self._send("POST", "/instruments", message),
            "state": lambda message: self._send("POST", f"/instruments/{message.pop('symbol')}/state", message),
            "risk_limits": lambda message: self._send("PUT", f"/risk-limits/{message.pop('user_id')}", message),
            "disable_user": lambda message: self._send("POST", f"/users/{message['user_id']}/disable"),
            "enable_user": lambda message: self._send("POST", f"/users/{message['user_id']}/enable"),
        }

    def play(self, stream: BinaryIO) -> Played:
        """Play a stream to its end."""
        sent = refused = unread = 0
        for line in stream:
            try:
                message = decode_message(line)
                message.pop("seq", None)
                send = self._senders[str(message.pop("type", "")).lower()]
                self._wait_for(message.pop("timestamp", None))
                answer = send(message)
            except (FormError, KeyError, ValueError):
                unread += 1
            else:
                sent += 1
                refused += not answer.is_done
        return Played(sent, refused, unread)

    def _create(self, message: Message) -> Answer:
        order_id = str(message.pop("order_id"))
        if "order_type" in message:
            message["type"] = message.pop("order_type")
        answer = self._send("POST", "/orders", {"user_id": OWNER, **message})
        if answer.is_done:
            self._order_ids[order_id] = answer.content["order_id"]
        return answer

    def _amend(self, message: Message) -> Answer:
        order_id = self._order_ids[str(message.pop("order_id"))]
        message.pop("symbol", None)
        return self._send("PATCH", f"/orders/{order_id}", message)

    def _cancel(self, message: Message) -> Answer:
        return self._send("DELETE", f"/orders/{self._order_ids.pop(str(message['order_id']))}")

    def _send(self, method: str, path: str, body: Json = None) -> Answer:
        return self._connection.send(method, path, body)

    def _wait_for(self, timestamp: object) -> None:
        if not self._speed:
            return
        if timestamp is None:
            self._sleep(1 / COMMANDS_PER_SECOND / self._speed)
            return
        now_ns = parse_timestamp(timestamp)
        passed_ns = 0 if self._last_ns is None else max(now_ns - self._last_ns, 0)
        self._last_ns = now_ns
        self._sleep(min(passed_ns / NS_PER_SECOND / self._speed, PAUSE_SECONDS_MAX))


def _query(message: Message) -> str:
    return "&".join(f"{name}={value}" for name, value in message.items())
