"""Clients of one feed: in step, behind, and back again; trades are remembered within bounds."""

from order_engine.exchange.applied import Applied
from order_engine.feeds.feeds import Feeds
from order_engine.feeds.hand_over import BOOK, TRADES, Subscription
from order_engine.feeds.history import PART_BYTES
from order_engine.journal.record import Record
from order_engine.matching.commands import Command
from order_engine.matching.engine import MatchingEngine
from tests.builders import SYMBOL, buy, sell, session
from tests.unit.feeds.fakes import FakeClient

THE_BOOK, THE_TRADES = Subscription(BOOK, SYMBOL, 10), Subscription(TRADES, SYMBOL)


class Market:
    """An engine with its feeds."""

    def __init__(self, trades_kept_max: int = 1_000) -> None:
        self.engine = MatchingEngine()
        self.feeds = Feeds(lambda: self.engine, 0, trades_kept_max)

    def join(self, wanted: Subscription) -> FakeClient:
        client = FakeClient()
        self.feeds.join(client, wanted, 0)
        return client

    def apply(self, *commands: Command, now: float = 0) -> None:
        for command in commands:
            sequence = self.feeds.sequence + 1
            events = self.engine.apply(command, sequence, sequence)
            self.feeds.take(Applied(Record(sequence=sequence, timestamp_ns=sequence, commands=(command,)), [events]))
        self.feeds.look()
        self.feeds.flush(now)

    def trade(self, count: int) -> None:
        for _ in range(count):
            self.apply(buy(quantity="1"), sell(quantity="1"))


def test_book_shows_trades_states_updates_and_best_prices() -> None:
    market = Market()
    client = market.join(THE_BOOK)

    market.apply(buy(quantity="2"))
    market.apply(sell(quantity="1"))
    market.apply(session("HALTED"))

    kinds = [message["type"] for message in client.received]
    assert kinds == ["snapshot", "update", "bbo", "trade", "update", "bbo", "state"]
    assert client.sequences() == [0, 1, 1, 2, 2, 2, 3]
    assert client.received[5]["best_bid_quantity"] == "1"


def test_blocked_client_gets_one_snapshot_for_all_that_it_missed() -> None:
    market = Market()
    slow, quick = market.join(THE_BOOK), market.join(THE_BOOK)
    slow.is_blocked = True

    for _ in range(50):
        market.apply(buy(quantity="1"))
    slow.is_blocked = False
    market.feeds.flush(0)
    market.apply(buy(quantity="1"))

    assert [message["type"] for message in slow.received] == ["snapshot", "snapshot", "update", "bbo"]
    assert slow.received[1]["bids"] == [["100.00", "50", 50]]
    assert len([message for message in quick.received if message["type"] == "update"]) == 51


def test_blocked_client_gets_every_trade_once() -> None:
    market = Market()
    client = market.join(THE_TRADES)
    market.trade(3)
    client.is_blocked = True

    market.trade(3)
    client.is_blocked = False
    market.trade(1)

    assert client.sequences() == [2, 4, 6, 8, 10, 12, 14]


def test_client_that_comes_back_gets_the_trades_since() -> None:
    market = Market()
    market.trade(5)

    client = market.join(Subscription(TRADES, SYMBOL, since=4))
    market.trade(1)

    assert client.sequences() == [6, 8, 10, 12]


def test_many_trades_come_in_parts_while_the_client_reads() -> None:
    market = Market()
    market.trade(400)

    client = market.join(Subscription(TRADES, SYMBOL, since=0))
    first = len(client.received)
    for _ in range(10):
        market.feeds.flush(0)

    assert 0 < first * 300 < 2 * PART_BYTES
    assert client.sequences() == list(range(2, 801, 2))


def test_trades_that_are_no_longer_known_are_a_gap() -> None:
    market = Market(trades_kept_max=2)
    market.trade(5)

    client = market.join(Subscription(TRADES, SYMBOL, since=3))

    assert client.received[0] == {"type": "gap", "from": 4, "to": 6}
    assert [message["sequence"] for message in client.received[1:]] == [8, 10]


def test_forgotten_trades_are_not_kept() -> None:
    market = Market(trades_kept_max=10)

    market.trade(3_000)

    tape = market.feeds._tapes[SYMBOL]
    assert len(tape._history._entries) <= 20
    assert market.join(Subscription(TRADES, SYMBOL, since=5_990)).sequences() == [5_992, 5_994, 5_996, 5_998, 6_000]


def test_heartbeat_comes_after_a_second_of_silence() -> None:
    market = Market()
    client = market.join(THE_BOOK)

    market.feeds.beat(0.9)
    market.feeds.beat(1.0)
    market.feeds.beat(1.9)
    market.apply(buy(), now=2)
    market.feeds.beat(2.9)

    assert [message["type"] for message in client.received] == ["snapshot", "heartbeat", "update", "bbo"]


def test_channel_is_forgotten_with_its_last_client() -> None:
    market = Market()
    first, second = market.join(THE_BOOK), market.join(THE_BOOK)

    market.feeds.leave(first, THE_BOOK)
    market.apply(buy())
    market.feeds.leave(second, THE_BOOK)
    market.apply(buy())

    assert len(first.received) == 1
    assert len(second.received) == 3
    assert market.feeds._books == {}
