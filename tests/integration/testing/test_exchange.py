"""``order_engine.testing``: a server of the test's own, its log where it fails, nothing left afterwards."""

import socket

import pytest

from order_engine.client import Client
from order_engine.testing import ExchangeDown, exchange
from order_engine.testing.server_process import reserved_port


def fail_after_an_order(client: Client) -> None:
    client.place(symbol="AAPL", side="BUY", quantity=1, price=1)
    raise RuntimeError("the bot fails")


def test_exchange_is_alone_shows_its_log_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "the-key-of-somebody")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@nowhere/orders")

    with pytest.raises(RuntimeError) as raised, exchange() as ex, ex.client() as client:
        fail_after_an_order(client)

    (note,) = raised.value.__notes__
    assert "opens at sequence 0" in note
    assert not ex.log_file.parent.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(ex.url.rpartition(":")[2]))).close()


def test_exchange_that_cannot_start_says_why() -> None:
    with pytest.raises(ExchangeDown, match="DEFAULT_TICK_SIZE"), exchange(DEFAULT_TICK_SIZE="none"):
        pass


def test_reserved_port_is_for_a_server_and_for_nobody_else() -> None:
    with reserved_port() as port, reserved_port() as other:
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))
        with socket.create_server(("127.0.0.1", port)) as server:
            listens_on = server.getsockname()[1]

    assert (listens_on, other != port) == (port, True)
