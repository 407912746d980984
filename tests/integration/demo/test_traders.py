"""The demo's traders: seeded, two-sided, and only on an exchange that nobody else uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from order_engine.demo.connections import Answer, AppConnection, Json
from order_engine.demo.kinds import KINDS, kind_of
from order_engine.demo.pace import MarketPace
from order_engine.demo.run import InUse, require_unused
from order_engine.demo.traders import Traders
from tests.integration.api.orders import answered, buy
from tests.integration.api.served_exchange import Served, served_exchange

TURNS = 40
SEED = 3


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A new exchange."""
    with served_exchange(tmp_path) as exchange:
        yield exchange


def trade(served: Served, symbol: str, seed: int = SEED, turns: int = TURNS) -> None:
    """Let the traders of one symbol trade without pauses."""
    connection = AppConnection(served.app.test_client())
    traders = Traders(symbol, kind_of(symbol), seed)
    traders.open(connection)
    MarketPace([(traders, 1)], speed=1).run(connection, sleep=lambda _: None, turns=turns)


@pytest.mark.parametrize("symbol", KINDS)
def test_traders_keep_a_market_with_two_sides_and_trades(served: Served, symbol: str) -> None:
    trade(served, symbol)

    kind, client = kind_of(symbol), served.client
    market = answered(client.get(f"/market/{symbol}"))
    depth = answered(client.get(f"/market/{symbol}/depth?levels=100"))
    prices = [kind.ticks(level[0]) for side in ("bids", "asks") for level in depth[side]]
    assert market["trade_count"] > TURNS // 4
    assert min(len(depth["bids"]), len(depth["asks"])) >= 4
    assert kind.lowest_ticks - 1 <= min(prices) <= max(prices) <= kind.highest_ticks + 1


def test_same_seed_makes_the_same_market_and_another_seed_another(tmp_path: Path) -> None:
    def tape(name: str, seed: int) -> list[Json]:
        with served_exchange(tmp_path / name) as served:
            trade(served, "ACME", seed)
            page = answered(served.client.get("/trades?limit=1000"))
        return [(trade["trade_id"], trade["price"], trade["quantity"]) for trade in page["trades"]]

    assert tape("one", SEED) == tape("two", SEED) != tape("three", SEED + 1)


def test_contract_stays_between_its_bounds(served: Served) -> None:
    trade(served, "RAIN", turns=150)

    trades = answered(served.client.get("/trades?limit=1000"))["trades"]
    assert all("0.01" <= trade["price"] <= "0.99" for trade in trades)


def test_traders_refuse_an_exchange_that_others_use(served: Served) -> None:
    connection = AppConnection(served.app.test_client())
    require_unused(connection)

    served.client.post("/orders", json=buy())

    with pytest.raises(InUse, match="others use"):
        require_unused(connection)


def test_traders_refuse_what_is_no_exchange() -> None:
    class Elsewhere:
        def send(self, method: str, path: str, body: Json = None) -> Answer:
            return Answer(404, {})

    with pytest.raises(InUse):
        require_unused(Elsewhere())
