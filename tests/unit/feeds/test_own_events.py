"""The users' own events: sent once durable, kept within a bound, and what is forgotten is said to be."""

import pytest

from order_engine.exchange.applied import Applied
from order_engine.feeds import own_events
from order_engine.feeds.own_events import OwnEvents
from order_engine.journal.record import Record
from order_engine.matching.engine import MatchingEngine
from order_engine.wire.rendering import Renderer
from tests.builders import buy
from tests.unit.feeds.fakes import FakeClient

KEPT_MAX = 10


class Users:
    """An engine whose events become durable at once."""

    def __init__(self, begins_after: int = 0) -> None:
        self.engine = MatchingEngine()
        self.own = OwnEvents(Renderer(lambda _symbol: 1_000_000), lambda: begins_after)
        self.sequence = begins_after

    def place(self, user_id: str) -> None:
        self.sequence += 1
        self.own.note(self.applied(user_id))
        self.own.release(self.sequence, 0)

    def applied(self, user_id: str) -> Applied:
        events = self.engine.apply(buy(user_id=user_id, quantity="1"), self.sequence, self.sequence)
        return Applied(Record(sequence=self.sequence, timestamp_ns=self.sequence, commands=(buy(),)), [events])

    def join(self, user_id: str, since: int) -> FakeClient:
        client = FakeClient()
        self.own.join(client, user_id, since, 0)
        return client


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_events, "EVENTS_KEPT_MAX", KEPT_MAX)


def test_few_records_are_kept_and_nothing_of_users_without_a_connection() -> None:
    users = Users()

    for number in range(100):
        users.place(f"user {number}")

    assert len(users.own._recent) == KEPT_MAX
    assert users.own._histories == {}


def test_history_of_a_connected_user_is_bounded_too() -> None:
    users = Users()
    users.join("ann", since=0)

    for _ in range(1_000):
        users.place("ann")

    assert len(users.own._histories["ann"]._entries) <= 2 * KEPT_MAX


def test_client_that_comes_back_gets_the_events_since_then_each_once() -> None:
    users = Users()
    first = users.join("ann", since=0)
    users.place("ann")
    users.own.leave(first, "ann")
    users.place("bob")
    users.place("ann")
    users.place("ann")

    client = users.join("ann", since=1)
    users.place("ann")

    assert client.sequences() == [3, 4, 5]


def test_forgotten_events_are_a_gap() -> None:
    users = Users()
    users.place("ann")
    for _ in range(KEPT_MAX):
        users.place("bob")

    client = users.join("ann", since=0)
    users.place("ann")

    assert client.received[0] == {"type": "gap", "from": 1, "to": 1}
    assert client.received[1]["sequence"] == KEPT_MAX + 2


def test_what_happened_before_the_start_is_a_gap() -> None:
    users = Users(begins_after=7)
    users.place("ann")

    client = users.join("ann", since=5)

    assert client.received[0] == {"type": "gap", "from": 6, "to": 7}
    assert client.received[1]["sequence"] == 8


def test_what_the_start_replayed_is_known_within_the_bound() -> None:
    users = Users()
    for user_id in ["ann", *["bob"] * (KEPT_MAX - 1), "ann"]:
        users.sequence += 1
        users.own.remember(users.applied(user_id))
    users.place("ann")

    client = users.join("ann", since=0)

    assert client.received[0] == {"type": "gap", "from": 1, "to": 2}
    assert [message["sequence"] for message in client.received[1:]] == [KEPT_MAX + 1, KEPT_MAX + 2]


def test_user_who_left_without_events_is_forgotten() -> None:
    users = Users()
    client = users.join("ann", since=0)

    users.own.leave(client, "ann")

    assert users.own._histories == {}
