"""Every filter of the lists, and every pair of filters, uses an index: no table is scanned."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, Engine, event

from order_engine.api.plumbing.forms import LIVE_STATUSES
from order_engine.database.database import Database
from order_engine.database.writer import bound_statements
from order_engine.queries.queries import Queries
from tests.integration.database.market import START_NS

ROWS = 100_000
USERS, SYMBOLS = 500, 20
COUNTING = {
    "sqlite": f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})",
    "postgresql": f"WITH n(i) AS (SELECT * FROM generate_series(1, {ROWS}))",
}
# One user has a fifth of all rows, one symbol half; most orders are filled.
USER = f"CASE WHEN i % 5 = 0 THEN 'ann' ELSE 'user' || (i % {USERS}) END"
SYMBOL = f"CASE WHEN i % 2 = 0 THEN 'AAPL' ELSE 'S' || (i % {SYMBOLS}) END"
STATUS = "CASE WHEN i % 100 = 1 THEN 'OPEN' WHEN i % 100 = 2 THEN 'CANCELED' ELSE 'FILLED' END"
ORDERS = f"""INSERT INTO orders (sequence, order_id, user_id, client_order_id, symbol, side, order_type, time_in_force,
    post_only, placed_quantity_e8, quantity_e8, filled_e8, remaining_e8, filled_notional_e16, status, created_ns,
    updated_ns, updated_sequence)
    SELECT i, CAST(i AS TEXT), {USER}, CASE WHEN i % 3 = 0 THEN 'c' || (i % 1000) END, {SYMBOL}, 'BUY', 'LIMIT', 'GTC',
    {{false}}, 1, 1, 0, 1, {{zero}}, {STATUS}, {START_NS} + i, {START_NS} + i, i FROM n WHERE i > 0"""
TRADES = f"""INSERT INTO trades (sequence, number, trade_id, symbol, price_e8, quantity_e8, buy_order_id, sell_order_id,
    buy_user_id, sell_user_id, executed_ns)
    SELECT i, 0, i || '-1', {SYMBOL}, 1, 1, CAST(i AS TEXT), CAST(i - 1 AS TEXT), {USER}, 'user' || (i % 7),
    {START_NS} + i FROM n WHERE i > 0"""

ORDER_FILTERS = {"user_id": "ann", "symbol": "AAPL", "status": LIVE_STATUSES, "client_order_id": "c3"}
TRADE_FILTERS = {"user_id": "ann", "symbol": "AAPL", "order_id": "500", "since_ns": START_NS + ROWS // 2}
# A page of 50 may read twice its rows, or the rows of one name that a client chose.
ROWS_READ_MAX = 2_000
STEPS_MAX = 100_000
FILL_SECONDS_MAX = 120
SCANS = ("SCAN orders", "SCAN trades")

Filters = dict[str, Any]  # Any: what the lists take


def test_every_filter_and_pair_is_answered_from_an_index(database: Database) -> None:
    fill(database)
    read: dict[str, Callable[[Filters], object]] = {
        "orders": lambda filters: Queries(database).orders(limit=50, **filters),
        "trades": lambda filters: Queries(database).trades(limit=50, **filters),
    }
    filters = {"orders": ORDER_FILTERS, "trades": TRADE_FILTERS}
    costly = [
        (table, *chosen, why)
        for table, ask in read.items()
        for chosen in singles_and_pairs(filters[table])
        for why in costs(database, partial(ask, chosen), is_filtered=bool(chosen))
    ]

    assert costly == []


def singles_and_pairs(filters: Filters) -> list[Filters]:
    """Yield no filter, each one, and each pair."""
    return [dict(chosen) for count in (0, 1, 2) for chosen in combinations(filters.items(), count)]


def fill(database: Database) -> None:
    """Make a hundred thousand orders and as many trades."""
    is_sqlite = database.kind == "sqlite"
    words = {"false": "0", "zero": "'0'"} if is_sqlite else {"false": "false", "zero": "0"}
    with database.engine.connect() as connection:
        if not is_sqlite:
            bound_statements(connection, FILL_SECONDS_MAX)
        for text in (ORDERS.format(**words), TRADES):
            connection.exec_driver_sql(f"{COUNTING[database.kind]} {text}".replace("%", "%%" if not is_sqlite else "%"))
        if not is_sqlite:
            # As autovacuum does; SQLite has nothing like it.
            connection.exec_driver_sql("ANALYZE")
        connection.commit()


def costs(database: Database, ask: Callable[[], object], *, is_filtered: bool) -> list[str]:
    """Run queries; return which statements read too much."""
    asked: list[tuple[str, Any]] = []  # Any: parameters as the driver takes them

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    check = _sqlite_costs if database.kind == "sqlite" else _postgresql_costs
    with database.engine.connect() as connection:
        return [why for question in asked for why in check(connection, *question, is_filtered=is_filtered)]


def _sqlite_costs(connection: Connection, statement: str, parameters: Any, *, is_filtered: bool) -> Iterator[str]:
    plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
    if is_filtered and any(scan in plan for scan in SCANS):
        yield plan
    steps = [0]

    def count() -> int:
        steps[0] += 100
        return 0

    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(count, 100)
    connection.exec_driver_sql(statement, parameters).all()
    driver.set_progress_handler(None, 0)
    if steps[0] > STEPS_MAX:
        yield f"{steps[0]} steps: {plan}"


def _postgresql_costs(connection: Connection, statement: str, parameters: Any, *, is_filtered: bool) -> Iterator[str]:
    del is_filtered
    found = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    for node in _nodes(found[0]["Plan"]):
        rows = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        if "Seq Scan" in node["Node Type"] or rows > ROWS_READ_MAX:
            yield f"{rows} rows: {node}"


def _nodes(node: Any) -> Iterator[Any]:  # Any: JSON
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
