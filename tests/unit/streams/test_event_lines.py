"""The lines of all events of the rulebook: exactly which fields each has."""

import io
import json
from pathlib import Path

from order_engine.matching.commands import Configure
from order_engine.streams.process import ProcessOptions, StandardStreams, process_stream
from tests.unit.streams.stream_fixtures import InputInPieces, Json, create, process, stream


def test_trade_of_an_auction_has_no_maker_and_no_taker(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            {"type": "state", "symbol": "AAPL", "state": "PRE_OPEN"},
            create("b1"),
            create("s1", side="SELL"),
            {"type": "state", "symbol": "AAPL", "state": "OPEN"},
        ),
    )

    trade = {
        "trade_id": "4-1",
        "seq": 4,
        "symbol": "AAPL",
        "price": "100.00",
        "quantity": "10",
        "buy_order_id": "b1",
        "sell_order_id": "s1",
        "maker_order_id": None,
        "taker_order_id": None,
        "taker_side": None,
        "auction": True,
    }
    assert processed.trades == [trade]
    assert processed.events[-2:] == [
        {"event": "state", "seq": 4, "symbol": "AAPL", "state": "OPEN"},
        {"event": "trade", **trade},
    ]


def test_terms_of_an_order_are_written_as_long_as_it_has_them(tmp_path: Path) -> None:
    terms = {"stop_price": "99.5", "time_in_force": "GTD", "expire_at": 1_500_000, "self_trade_prevention": "NONE"}

    processed = process(
        tmp_path,
        stream(
            create("t1", side="SELL", order_type="STOP_LIMIT", **terms),
            create("t2", order_type="TRAILING_STOP", trail_amount="0.5", price=None),
            create("b1", display_quantity="2", price="99"),
            create("s1", side="SELL", price="99", quantity="1"),
        ),
    )

    _, stop_limit, trailing, iceberg, _, _, triggered = processed.events
    assert {name: stop_limit[name] for name in ("price", "stop_price", "expire_at", "self_trade_prevention")} == {
        "price": "100.00",
        "stop_price": "99.50",
        "expire_at": "1970-01-01T00:00:00.001500Z",
        "self_trade_prevention": "NONE",
    }
    assert (stop_limit["status"], trailing["price"], trailing["trail_amount"]) == ("PENDING", None, "0.50")
    assert "stop_price" not in trailing
    assert iceberg["display_quantity"] == "2"
    assert (triggered["event"], triggered["order_type"], triggered["status"]) == ("triggered", "STOP_LIMIT", "OPEN")
    assert "stop_price" not in triggered


def test_limits_and_users_are_written_with_null_for_no_limit(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            {"type": "risk_limits", "user_id": "u1", "max_order_notional": "1e6", "max_open_orders": 50},
            {"type": "disable_user", "user_id": "u1"},
            {"type": "enable_user", "user_id": "u1"},
        ),
    )

    assert processed.events == [
        {
            "event": "risk_limits",
            "seq": 1,
            "user_id": "u1",
            "max_order_quantity": None,
            "max_order_notional": "1000000",
            "max_open_orders": 50,
            "max_position": None,
        },
        {"event": "user_disabled", "seq": 2, "user_id": "u1"},
        {"event": "user_enabled", "seq": 3, "user_id": "u1"},
    ]


def test_instrument_is_written_with_the_terms_that_it_has(tmp_path: Path) -> None:
    terms = {"price_band_percent": 10, "circuit_breaker_percent": "12.5", "reference_price": 150}
    schedule = [{"at": "09:30:00", "state": "OPEN"}]

    processed = process(
        tmp_path,
        stream(
            {"type": "instrument", "symbol": "AAPL", "tick_size": "0.05", **terms, "schedule": schedule},
            {"type": "instrument", "symbol": "AAPL", "price_band_percent": 0, "circuit_breaker_percent": 0},
        ),
    )

    steps = {"symbol": "AAPL", "tick_size": "0.05", "lot_size": "0.00000001"}
    stays = {"reference_price": "150.00", "schedule": schedule}
    percents = {"price_band_percent": "10", "circuit_breaker_percent": "12.5"}
    assert processed.events == [
        {"event": "instrument_listed", "seq": 1, **steps, **percents, **stays},
        {"event": "instrument_changed", "seq": 2, **steps, **stays},
    ]


def test_state_that_is_refused_is_an_event_and_counts_as_a_refusal(tmp_path: Path) -> None:
    events = tmp_path / "events"
    options = ProcessOptions(commands="-", events=str(events), settings=Configure(auto_list=False))
    commands = InputInPieces([stream({"type": "state", "symbol": "AAPL", "state": "OPEN"})])

    summary = process_stream(options, StandardStreams(commands, io.BytesIO(), io.StringIO()))

    line: Json = json.loads(events.read_text(encoding="utf-8"))
    assert line == {"event": "state_rejected", "seq": 1, "symbol": "AAPL", "reason": "unknown_symbol"}
    assert summary.refusals == 1


def test_halt_by_the_breaker_says_so(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            {"type": "instrument", "symbol": "AAPL", "circuit_breaker_percent": 5},
            create("b1", quantity="1"),
            create("b2", quantity="1", price="90"),
            create("s1", side="SELL", price=None, order_type="MARKET", quantity="2"),
        ),
    )

    assert processed.events[-1] == {
        "event": "state",
        "seq": 4,
        "symbol": "AAPL",
        "state": "HALTED",
        "reason": "circuit_breaker",
    }


def test_book_that_is_left_shows_neither_hidden_lots_nor_waiting_stops(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            create("b1", display_quantity="3"),
            create("b2", quantity="1"),
            create("t1", order_type="STOP", stop_price="120", price=None),
        ),
    )

    assert processed.book == {"AAPL": {"bids": [["100.00", "4", 2]], "asks": []}}


def test_order_expires_by_the_time_of_the_next_command(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            create("b1", timestamp=1_000, time_in_force="GTD", expire_at=5_000),
            create("s1", side="SELL", timestamp=4_999, quantity="1"),
            create("s2", side="SELL", timestamp=5_000, quantity="1"),
        ),
    )

    told = [(event["event"], event.get("order_id")) for event in processed.events[1:]]
    assert told == [("accepted", "b1"), ("accepted", "s1"), ("trade", None), ("expired", "b1"), ("accepted", "s2")]
    expired = processed.events[-2]
    assert (expired["expired_quantity"], expired["status"], expired["reason"]) == ("9", "EXPIRED", "expired")


def test_dead_letter_brings_no_time(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            create("b1", timestamp=1_000, time_in_force="GTD", expire_at=5_000),
            create("s1", side="HOLD", timestamp=9_000),
            create("s2", side="SELL", quantity="1"),
        ),
    )

    assert [event["event"] for event in processed.events[1:]] == ["accepted", "accepted", "trade"]
