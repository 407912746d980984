"""64 clients at once on one symbol: nothing is created or lost, the book is never crossed, every response is true."""

import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from order_engine.exchange.recovery import Recovery
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.journal.disk import LocalDisk
from order_engine.journal.record import Record
from order_engine.matching.events import TradeExecuted
from tests.integration.service.server_process import Json, ServerProcess, buy, command_line, running
from tests.invariants import check_engine

CLIENTS = 64
REQUESTS = 30
SEED = 20_261_121
pytestmark = pytest.mark.slow


def trade(server: ServerProcess, number: int) -> list[Json]:
    """Place, amend and cancel at random around one price; return the last response about each order."""
    chance = random.Random(SEED + number)
    client = server.client()
    orders: dict[str, Json] = {}
    for _ in range(REQUESTS):
        if orders and chance.random() < 0.3:
            order_id = chance.choice(list(orders))
            change = {"quantity": str(chance.randint(1, 30)), "price": f"{chance.randint(98, 102)}.00"}
            method, body = ("DELETE", None) if chance.random() < 0.5 else ("PUT", change)
            answered = client.ask(method, f"/orders/{order_id}", body)
            assert answered.status in (200, 409), answered
            if answered.status == 200:
                orders[order_id] = answered.content
        else:
            side, price, quantity = chance.choice(["BUY", "SELL"]), chance.randint(98, 102), chance.randint(1, 20)
            order = client.place(buy(user_id=f"u{number}", side=side, price=f"{price}.00", quantity=str(quantity)))
            orders[order["order_id"]] = order
    return list(orders.values())


def replayed_and_checked(directory: Path) -> tuple[ExchangeState, list[Record], list[TradeExecuted]]:
    """Replay the journal from its beginning, and check the whole engine after each record."""
    state, records, trades = ExchangeState(), [], []
    recovery = Recovery(directory, LocalDisk())
    for record, _ in recovery.history(0, recovery.latest().end.last_sequence):
        for events in state.apply(record).events:
            trades += [event for event in events if isinstance(event, TradeExecuted)]
        check_engine(state.engine)
        records.append(record)
    return state, records, trades


def test_many_clients_on_one_symbol_conserve_quantity_and_find_every_answer_kept(tmp_path: Path) -> None:
    directory = tmp_path / "exchange"
    with running(directory) as server, ThreadPoolExecutor(CLIENTS) as pool:
        server.wait_ready()
        acknowledged = [order for orders in pool.map(lambda n: trade(server, n), range(CLIENTS)) for order in orders]
        client = server.client()
        hash_of_server = client.ask("POST", "/admin/snapshot").content["state_hash"]
        server.wait_followed()
        shown = {order["order_id"]: order for order in pages(server, "orders")}
        shown_trades = pages(server, "trades")
        server.kill()

    # Nothing was flushed at the end: acknowledged commands must already be in the journal.
    state, records, trades = replayed_and_checked(directory)
    assert state_hash(state.dump()) == hash_of_server, f"seed {SEED}"
    placed = {str(record.sequence) for record in records}
    assert {order["order_id"] for order in acknowledged} <= placed
    assert len(shown) == len(acknowledged)
    assert {trade["trade_id"] for trade in shown_trades} == {trade.trade_id for trade in trades}
    assert len(trades) > 200, "the clients hardly met"

    filled: dict[str, Decimal] = defaultdict(Decimal)
    for trade_shown in shown_trades:
        filled[trade_shown["buy_order_id"]] += Decimal(trade_shown["quantity"])
        filled[trade_shown["sell_order_id"]] += Decimal(trade_shown["quantity"])
    for order_id, order in shown.items():
        assert Decimal(order["filled_quantity"]) == filled[order_id]
    # An order's fills only grow: no later state takes back what a response said.
    for order in acknowledged:
        assert Decimal(order["filled_quantity"]) <= filled[order["order_id"]]

    verified = command_line(directory, "verify")
    assert verified.returncode == 0, verified.stdout


def pages(server: ServerProcess, name: str) -> list[Json]:
    """Read a whole list."""
    client, rows, cursor = server.client(), [], ""
    while True:
        page = client.get(f"/{name}?limit=1000{cursor}")
        rows += page[name]
        if not page["next_cursor"]:
            return rows
        cursor = f"&cursor={page['next_cursor']}"
