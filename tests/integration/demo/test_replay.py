"""The demo plays a stream of commands over REST, at the pace of its times."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from order_engine.demo.connections import AppConnection
from order_engine.demo.replay import PAUSE_SECONDS_MAX, Played, StreamReplay
from tests.integration.api.orders import answered
from tests.integration.api.served_exchange import Served, served_exchange

SECOND_NS = 1_000_000_000
ORDER = {"type": "create", "symbol": "AAPL", "side": "BUY", "quantity": "10", "price": "100"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A new exchange."""
    with served_exchange(tmp_path) as exchange:
        yield exchange


def lines(*messages: object) -> BytesIO:
    """A stream of commands."""
    return BytesIO(b"".join(msgspec.json.encode(message) + b"\n" for message in messages))


def test_stream_is_played_with_ids_of_the_exchange(served: Served) -> None:
    stream = lines(
        {"type": "instrument", "symbol": "AAPL", "tick_size": "0.5", "lot_size": "1"},
        {**ORDER, "order_id": "a"},
        {**ORDER, "order_id": "b", "price": "99", "user_id": "ann", "order_type": "LIMIT"},
        {"type": "amend", "order_id": "a", "quantity": "7", "symbol": "AAPL"},
        {"type": "cancel", "order_id": "b"},
        {**ORDER, "order_id": "c", "price": "100.3"},
        {"type": "amend", "order_id": "nobody", "quantity": "7"},
        {"type": "state", "symbol": "AAPL", "state": "PRE_OPEN"},
        "no command",
    )

    played = StreamReplay(AppConnection(served.app.test_client()), speed=0).play(stream)

    assert played == Played(sent=7, refused=1, unread=2)
    depth = answered(served.client.get("/market/AAPL/depth"))
    assert (depth["bids"], depth["state"]) == ([["100.0", "7", 1]], "PRE_OPEN")


@pytest.mark.parametrize(
    ("speed", "expected"), [(1, [0, 1, PAUSE_SECONDS_MAX]), (10, [0, 0.1, PAUSE_SECONDS_MAX]), (0, [])]
)
def test_pauses_are_those_of_the_stream(served: Served, speed: int, expected: list[float]) -> None:
    pauses: list[float] = []
    times = (5 * SECOND_NS, 6 * SECOND_NS, 9_000 * SECOND_NS)
    stream = lines(*({**ORDER, "order_id": f"o{time}", "timestamp": time} for time in times))

    StreamReplay(AppConnection(served.app.test_client()), speed, pauses.append).play(stream)

    assert pauses == expected
