"""Both clients on the feeds of a real exchange: books in step, trades and own events in order, nothing lost."""

import signal
from contextlib import closing
from itertools import count, islice
from pathlib import Path

import pytest

from order_engine.client import Book, CaughtUp, Client, NotFound, OwnOrder, OwnTrade
from order_engine.client.messages import Trade
from tests.integration.feeds.listening import feed_processes
from tests.integration.service.server_process import ServerProcess, running

PATIENT = 40
_numbers = count(1)


@pytest.fixture
def symbol(client: Client) -> str:
    """A listed symbol that no other test uses."""
    name = f"FEED{next(_numbers)}"
    client.list_instrument(name, tick_size="0.5", lot_size=1)
    return name


def trade_at(client: Client, symbol: str, price: int) -> int:
    """Make a trade; return its sequence."""
    client.place(user_id=f"{symbol}-s", symbol=symbol, side="SELL", quantity=1, price=price)
    return client.place(user_id=f"{symbol}-b", symbol=symbol, side="BUY", quantity=1, price=price).sequence


def test_book_is_at_each_sequence_that_of_the_exchange(client: Client, symbol: str) -> None:
    with closing(client.watch_book(symbol, levels=5)) as books:
        first = next(books)
        last = [
            client.place(symbol=symbol, side=side, quantity=n, price=price).sequence
            for n, (side, price) in enumerate([("BUY", 9), ("BUY", 8), ("SELL", 11), ("SELL", 9), ("BUY", 11)], start=1)  # type: ignore[call-overload]
        ][-1]
        book = next(book for book in books if (book.sequence or 0) >= last)

    depth = client.depth(symbol, levels=5)
    assert isinstance(first, Book)
    assert (book.bids, book.asks) == (depth.bids, depth.asks)
    assert ([tuple(level) for level in book.bids], [tuple(level) for level in book.asks]) == ([(8, 2, 1)], [(11, 1, 1)])


def test_trades_come_in_order_from_a_sequence_on(client: Client, symbol: str) -> None:
    since = trade_at(client, symbol, 9)
    sequences = [trade_at(client, symbol, price) for price in (10, 11)]

    with closing(client.watch_trades(symbol, since=since)) as trades:
        found = list(islice(trades, 2))
        sequences.append(trade_at(client, symbol, 12))
        found.append(next(trades))

    assert [(trade.sequence, trade.price) for trade in found if isinstance(trade, Trade)] == [
        (sequence, price) for sequence, price in zip(sequences, (10, 11, 12), strict=True)
    ]


def test_own_events_tell_what_happens_to_the_users_orders(client: Client, symbol: str) -> None:
    with closing(client.watch_orders(f"{symbol}-s")) as events:
        assert isinstance(next(events), CaughtUp)
        trade_at(client, symbol, 9)
        accepted, traded = islice(events, 2)

    assert isinstance(accepted, OwnOrder)
    assert isinstance(traded, OwnTrade)
    assert (accepted.event, accepted.order.symbol) == ("accepted", symbol)
    assert (traded.liquidity, traded.order.status, traded.trade.price) == ("MAKER", "FILLED", 9)


def test_feed_of_an_unknown_symbol_is_a_problem(client: Client) -> None:
    with pytest.raises(NotFound, match="unknown_symbol"), closing(client.watch_book("NOBODY")) as books:
        next(books)


@pytest.mark.slow
def test_stream_goes_on_over_killed_feeds(tmp_path: Path) -> None:
    with running(tmp_path / "exchange") as server, Client(f"http://127.0.0.1:{server.port}", retries=PATIENT) as client:
        server.wait_ready()
        client.list_instrument("AAPL", tick_size=1)
        with closing(client.watch_trades("AAPL", since=0)) as trades, closing(client.watch_book("AAPL")) as books:
            expected = [trade_at(client, "AAPL", 9)]
            found = [next(trades)]
            next(books)

            kill_feeds(server)
            expected += [trade_at(client, "AAPL", 10), trade_at(client, "AAPL", 11)]
            found += islice(trades, 2)
            client.place(symbol="AAPL", side="BUY", quantity=3, price=7)
            book = next(book for book in books if book.bids)

    assert [trade.sequence for trade in found if isinstance(trade, Trade)] == expected
    assert (book.best_bid, book.best_ask) == (7, None)


def kill_feeds(server: ServerProcess) -> None:
    """Kill the process of the feeds at once."""
    for process_id in feed_processes(server):
        server.signal(process_id, signal.SIGKILL)
