"""Compares acknowledged responses with the exchange and its journal: each command is there exactly once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from order_engine.exchange.recovery import Recovery
from order_engine.journal.disk import LocalDisk
from stress.conservation import ApiReader, check_symbol
from tests.integration.service.remembering_client import LIVE, SYMBOLS, Acknowledged, RememberingClient
from tests.integration.service.server_process import Json, command_line

CHANGED_BY_OTHERS = ("filled_quantity", "remaining_quantity", "average_price", "status", "updated_at")


def check_shown(port: int, clients: Sequence[RememberingClient]) -> Counter[str]:
    """Check all orders and trades against all responses, once every request has one; count them."""
    told = [acknowledged for client in clients for acknowledged in client.acknowledged]
    with closing(ApiReader(port)) as reader:
        reader.see_at_least(max(acknowledged.sequence for acknowledged in told))
        orders, trades = list(reader.rows("orders")), list(reader.rows("trades"))
        assert [broken for symbol in SYMBOLS for broken in check_symbol(reader, symbol).broken] == []
    _check_orders(told, orders)
    # Each trade is in the response to the request that made it, and in no other.
    told_trades = [trade for acknowledged in told for order in acknowledged.orders for trade in order["trades"]]
    assert _by("trade_id", trades) == _by("trade_id", told_trades)
    return Counter({"requests acknowledged": len(told), "orders acknowledged": len(orders), "trades": len(trades)})


def check_journal(directory: Path, clients: Sequence[RememberingClient]) -> None:
    """Check that the journal has each acknowledged request once, at the sequence of its response, and no other."""
    told = [acknowledged for client in clients for acknowledged in client.acknowledged]
    recovery = Recovery(directory, LocalDisk())
    records = [applied.record for applied in recovery.history(0, recovery.latest().end.last_sequence)]
    carried_out = [(record.retry.key, record.last_sequence) for record in records if record.retry is not None]
    assert sorted(carried_out) == sorted((acknowledged.request.key, acknowledged.sequence) for acknowledged in told)


def check_stored(directory: Path, database_url: str) -> None:
    """Let ``verify`` compare journal, snapshots, audit log and database."""
    verified = command_line(directory, "verify", DATABASE_URL=database_url)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _check_orders(told: Iterable[Acknowledged], orders: Sequence[Json]) -> None:
    shown = _by("order_id", orders)
    last_told = {order["order_id"]: order for acknowledged in told for order in acknowledged.orders}
    assert shown.keys() == last_told.keys()
    canceled = {order_id for acknowledged in told for order_id in acknowledged.canceled}
    for order_id, promised in last_told.items():
        order = shown[order_id]
        if order_id in canceled:
            assert order["status"] == "CANCELED", order
        may_differ = {"trades", *(("reason", *CHANGED_BY_OTHERS) if promised["status"] in LIVE else ())}
        differing = {name for name in order if order[name] != promised[name]}
        assert differing <= may_differ, f"promised {promised}, found {order}"
        if promised["status"] in LIVE and order_id not in canceled:
            assert order["status"] in (*LIVE, "FILLED"), f"promised {promised}, found {order}"


def _by(name: str, rows: Sequence[Json]) -> dict[str, Json]:
    by_name = {row[name]: row for row in rows}
    assert len(by_name) == len(rows), f"a {name} is there twice"
    return by_name
