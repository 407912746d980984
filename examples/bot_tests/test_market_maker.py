"""How a bot is tested: against a real exchange, with other traders played by the test.

run with: python -m pytest examples/bot_tests
"""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from examples.market_maker import MarketMaker
from order_engine.client import Client
from order_engine.testing import exchange

SYMBOL = "AAPL"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Serve an exchange that the tests of this module share."""
    with exchange() as running, running.client() as client:
        yield client


@pytest.fixture
def maker(client: Client) -> Iterator[MarketMaker]:
    """Put a maker's quotes into the market, and take them back afterwards."""
    maker = MarketMaker(client, "maker", SYMBOL, Decimal(100))
    maker.quote()
    yield maker
    maker.withdraw()


def quotes(client: Client) -> tuple[list[Decimal], list[Decimal]]:
    depth = client.depth(SYMBOL)
    return [level.price for level in depth.bids], [level.price for level in depth.asks]


def test_quotes_both_sides_of_the_fair_price(client: Client, maker: MarketMaker) -> None:
    assert quotes(client) == ([Decimal("99.95")], [Decimal("100.05")])


def test_leans_against_what_it_holds(client: Client, maker: MarketMaker) -> None:
    maker.position = Decimal(10)

    maker.quote()

    assert quotes(client) == ([Decimal("99.85")], [Decimal("99.95")])


def test_quotes_again_after_a_trade(client: Client, maker: MarketMaker) -> None:
    since = client.place(user_id="other", symbol=SYMBOL, side="SELL", quantity=4, price="99.95").sequence

    maker.run(trades_max=1, since=since - 1)

    assert maker.position == 4
    assert quotes(client) == ([Decimal("99.91")], [Decimal("100.01")])


def test_takes_its_quotes_back(client: Client, maker: MarketMaker) -> None:
    maker.withdraw()

    assert quotes(client) == ([], [])
