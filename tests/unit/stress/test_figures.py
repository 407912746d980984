"""The README's rows are made from results with all figures, and from older ones with fewer."""

import json
from pathlib import Path

import pytest

from stress import figures

ROUND = {"requests_per_second": 4000.4, "median_ms": 11.2, "percentile_95_ms": 20.0, "percentile_99_ms": 26.6}
RUN = {"durable": [ROUND], "validating_only": [{**ROUND, "requests_per_second": 3000.0}], "ratio": 1.333}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    conditions = {"command": "measure", "commit": "c", "machine": "m", "python": "p"}
    kept = {
        "http-durable": {"conditions": conditions, "load": {"connections": 64}, **RUN},
        "core-flow": {"conditions": conditions, "synthetic": {"messages_per_second": 5}},
        "core-against": {"conditions": conditions, "against": "0123456789ab", "synthetic": {"ratio": 1.0}},
    }
    for name, result in kept.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    return tmp_path


def test_result_of_one_database_and_one_load_gives_two_rows(results: Path) -> None:
    rows = figures.table().splitlines()[2:4]

    assert rows == [
        "| Durable `POST /orders`, 64 connections | 4,000/s, median 11.2 ms, 95 % within 20 ms, 99 % within 27 ms "
        "| 1 |",
        "| The same against an endpoint that only validates | 1.33 of its 3,000/s | 1 |",
    ]
    assert "\n1. `measure`, c\n" in figures.table()


def test_core_is_named_by_the_commit_that_it_is_compared_with(results: Path) -> None:
    path = results / "core-against.json"
    kept = {**json.loads(path.read_text()), "flow-normal.bin.xz": {"ratio": 1.1}}
    what = "| The matching core against that of 0123456, turn by turn in one run | 1.00 of its rate"
    assert f"{what} | 1 |" in figures.table()

    path.write_text(json.dumps(kept))

    assert f"{what}, 1.10 with the flow of the public benchmark | 1 |" in figures.table()


def test_other_loads_databases_and_the_lag_have_rows_of_their_own(results: Path) -> None:
    path = results / "http-durable.json"
    more = {"by_connections": {"1000": [ROUND], "1": [ROUND]}, "lag_max": {"sql": 1234, "audit": 5}}
    path.write_text(json.dumps({**json.loads(path.read_text()), **more, "other_databases": {"postgresql": RUN}}))

    names = [row.split(" | ")[0].strip("| ") for row in figures.table().splitlines()[2:9]]

    assert names == [
        "Durable `POST /orders`, 64 connections",
        "The same against an endpoint that only validates",
        "Durable `POST /orders`, 1,000 connections",
        "Durable `POST /orders`, one client alone",
        "Followers, under that load",
        "Durable `POST /orders` on PostgreSQL, 64 connections",
        "The same on PostgreSQL against an endpoint that only validates",
    ]
    assert "at most 1,234 commands behind" in figures.table()


def test_feeds_and_orders_over_websocket_have_rows(results: Path) -> None:
    conditions = {"command": "fan", "commit": "c", "machine": "m", "python": "p"}
    fanout = {"subscribers": 1000, "symbols": 20, "orders_per_second": 998, "updates_received": 225700, "ratio": 1.0}
    fanout |= {"out_of_order": 0, "snapshots_again": 0, "durable_to_received_ms": {"p50": 83.6, "p99": 175.8}}
    sockets = {"connections": 64, "in_flight": 8, "ratio_with_one_in_flight": 1.36, "ratio": 3.29}
    sockets |= {"posts": {"per_second": [2000, 3000, 3100]}}
    for name, result in {"feed-fanout": fanout, "order-socket": sockets}.items():
        (results / f"{name}.json").write_text(json.dumps({"conditions": conditions, **result}))

    table = figures.table()

    assert "| 1.36 of 3,000/s with one order in flight on each connection, 3.29 with 8 | " in table
    assert "| median 84 ms, 99 % within 176 ms; of 225,700 updates none missing or out of order | " in table


def test_snapshots_of_many_orders_have_two_rows_a_database(results: Path) -> None:
    conditions = {"command": "stall", "commit": "c", "machine": "m", "python": "p"}
    stall = {
        "ready_seconds": 5.44,
        "bytes_an_order": 690,
        "without_snapshots": [{"percentile_99_9_ms": 30.2}],
        "with_snapshots": [{"percentile_99_9_ms": 41.0}],
        "snapshot_seconds": [6.0, 7.0],
    }
    result = {"conditions": conditions, "orders": 1_000_000, "databases": {"postgresql": stall}}
    (results / "snapshot-stall.json").write_text(json.dumps(result))

    rows = [row for row in figures.table().splitlines() if "1,000,000 live orders" in row]

    assert rows == [
        "| 1,000,000 live orders on PostgreSQL: ready from a snapshot "
        "| 5.4 s; 690 bytes an order in the exchange process | 2 |",
        "| 1,000,000 live orders on PostgreSQL: orders while snapshots are taken, each in 6.5 s "
        "| 99.9 % within 41 ms, without snapshots 30 ms | 2 |",
    ]
    assert "\n2. `stall`, c\n" in figures.table()


def test_siege_has_two_rows(results: Path) -> None:
    siege = {
        "conditions": {"command": "siege", "commit": "c", "machine": "m", "python": "p"},
        "seconds": 300,
        "attacks": 20,
        "memory_mib": 512,
        "honest": {"percentile_99_ms": 81.4, "worst_ms": 1204.0},
        "honest_orders": 15_000,
        "orders_missing": 0,
        "memory_peak_mib": 480,
        "restart_memory_peak_mib": 400,
        "restart_ready_seconds": 2.04,
    }
    (results / "siege.json").write_text(json.dumps(siege))

    rows = [row for row in figures.table().splitlines() if "attacks" in row or "restart" in row]

    assert rows == [
        "| 5 minutes of 20 [attacks](docs/attacks.md) on one processor and 512 MiB: an honest client's 15,000 orders "
        "| 99 % within 81 ms, all within 1,204 ms, none lost | 2 |",
        "| The same: memory of all processes | at most 480 MiB; 400 MiB at the restart, ready after 2.0 s | 2 |",
    ]


def test_bounded_costs_have_one_row_that_names_the_most(results: Path) -> None:
    costs = {"100": 2.0, "10000": 3.0, "1000000": 3.5}
    cases = {name: {"microseconds_a_command": costs, "growth": growth} for name, growth in (("a", 1.1), ("b", 1.75))}
    conditions = {"command": "cost", "commit": "c", "machine": "m", "python": "p"}
    (results / "bounded-cost.json").write_text(json.dumps({"conditions": conditions, "cases": cases}))

    row = next(row for row in figures.table().splitlines() if "dearest" in row)

    assert row == (
        "| A command of 2 kinds beside 100, 10,000, 1,000,000 orders of its kind: the dearest of these against the "
        "cheapest | 1.43 times at the median, at most 1.75 (b) | 2 |"
    )


def test_order_entry_beside_trouble_and_against_an_earlier_commit_have_rows(results: Path) -> None:
    conditions = {"command": "beside", "commit": "c", "machine": "m", "python": "p"}
    load = {"connections": 64, "readers": 8}
    found = {"sqlite": {"ratios": {"locked": 0.998, "reading": 0.91}}, "postgresql": {"ratios": {"gone": 1.0}}}
    beside = {"conditions": conditions, "load": load, "databases": found}
    (results / "order-entry-beside.json").write_text(json.dumps(beside))
    one = {"ratio": 1.5, "before": [ROUND]}
    against = {"conditions": {**conditions, "command": "against"}, "against": "5212ce9", "connections": {"1": one}}
    (results / "http-against.json").write_text(json.dumps(against))

    rows = [row for row in figures.table().splitlines() if row.endswith(("| 2 |", "| 3 |"))]

    assert rows == [
        "| Durable `POST /orders`, one client alone, against 5212ce9, which served with threads "
        "| 1.50 of its 4,000/s | 2 |",
        "| Order entry, 64 connections, as a part of its usual rate "
        "| 1.00 beside SQLite locked, 0.91 beside 8 clients that read pages of 1,000 trades | 3 |",
        "| Order entry on PostgreSQL, 64 connections, as a part of its usual rate | 1.00 beside PostgreSQL gone | 3 |",
    ]
