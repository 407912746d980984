"""A stream from end to end: numbering, times, duplicates, gaps, dead letters, trades, events, the final book."""

from base64 import b64decode
from pathlib import Path

import pytest

from tests.unit.streams.stream_fixtures import create, process, stream


def test_trades_carry_the_callers_ids(tmp_path: Path) -> None:
    processed = process(
        tmp_path, stream(create("a1", seq=7), create("b1", seq=8, side="SELL", quantity=4, price=99.5, user_id="u1"))
    )

    assert processed.trades == [
        {
            "trade_id": "8-1",
            "seq": 8,
            "symbol": "AAPL",
            "price": "100.00",
            "quantity": "4",
            "buy_order_id": "a1",
            "sell_order_id": "b1",
            "maker_order_id": "a1",
            "taker_order_id": "b1",
            "taker_side": "SELL",
        }
    ]
    assert processed.book == {"AAPL": {"bids": [["100.00", "6", 1]], "asks": []}}


def test_events_tell_the_whole_story(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            {"type": "instrument", "symbol": "AAPL", "tick_size": "0.5"},
            create("a1", user_id="u1", client_order_id="c1", post_only=True),
            create("a2", price="100.25"),
            {"type": "amend", "order_id": "a1", "quantity": 5},
            {"type": "amend", "order_id": "a9", "quantity": 5},
            {"type": "cancel", "order_id": "a9", "symbol": "AAPL"},
            {"type": "cancel_all", "user_id": "u1"},
        ),
    )

    order = {"symbol": "AAPL", "side": "BUY", "order_type": "LIMIT", "time_in_force": "GTC"}
    first = {"order_id": "a1", **order, "price": "100.0", "filled_quantity": "0"}
    named = {"post_only": True, "user_id": "u1", "client_order_id": "c1"}
    is_open = {"status": "OPEN", "reason": None}
    assert processed.events == [
        {"event": "instrument_listed", "seq": 1, "symbol": "AAPL", "tick_size": "0.5", "lot_size": "0.00000001"},
        {"event": "accepted", "seq": 2, **first, "quantity": "10", "remaining_quantity": "10", **is_open, **named},
        {
            "event": "rejected",
            "seq": 3,
            "order_id": "a2",
            **order,
            "price": "100.25",
            "quantity": "10",
            "filled_quantity": "0",
            "remaining_quantity": "0",
            "status": "REJECTED",
            "reason": "tick_size",
        },
        {"event": "amended", "seq": 4, **first, "quantity": "5", "remaining_quantity": "5", **is_open, **named},
        {"event": "amend_rejected", "seq": 5, "order_id": "a9", "symbol": None, "reason": "unknown_order"},
        {"event": "cancel_rejected", "seq": 6, "order_id": "a9", "symbol": "AAPL", "reason": "unknown_order"},
        {
            "event": "canceled",
            "seq": 7,
            **first,
            "quantity": "5",
            "remaining_quantity": "0",
            "status": "CANCELED",
            "reason": "user_requested",
            "canceled_quantity": "5",
            **named,
        },
    ]
    assert (processed.summary.commands, processed.summary.refusals) == (7, 3)


def test_duplicates_are_dropped_and_counted(tmp_path: Path) -> None:
    processed = process(
        tmp_path, stream(create("a", seq=1), create("b", seq=2), create("a", seq=1), create("c", seq=2))
    )

    assert [event["order_id"] for event in processed.events[1:]] == ["a", "b"]
    assert (processed.summary.commands, processed.summary.duplicates, processed.summary.gaps) == (2, 2, 0)


def test_gap_is_reported_and_goes_on(tmp_path: Path) -> None:
    processed = process(tmp_path, stream(create("a", seq=1), create("b", seq=5), create("c", seq=6)))

    assert [event["seq"] for event in processed.events] == [1, 1, 5, 6]
    assert processed.told == "gap at line 2: expected seq 2, found 5\n"
    assert (processed.summary.commands, processed.summary.gaps) == (3, 1)


def test_command_without_seq_is_one_after_the_last(tmp_path: Path) -> None:
    processed = process(tmp_path, stream(create("a", seq=4), create("b"), create("c", seq=None), create("d", seq=7)))

    assert [event["seq"] for event in processed.events[1:]] == [4, 5, 6, 7]
    assert processed.summary.gaps == 1


def test_seq_of_a_dead_letter_counts_as_seen(tmp_path: Path) -> None:
    processed = process(tmp_path, stream(create("a", seq=1), create("b", seq=2, side="HOLD"), create("c", seq=3)))

    assert (processed.summary.gaps, processed.summary.dead_letters) == (0, 1)


def test_dead_letter_without_seq_takes_no_number(tmp_path: Path) -> None:
    processed = process(tmp_path, stream(create("a"), create("b", side="HOLD"), create("c")))

    assert [event["seq"] for event in processed.events[1:]] == [1, 2]


@pytest.mark.parametrize("seq", [0, -1, "1", 1.5, True, 2**63, [1]])
def test_seq_of_wrong_form_is_a_dead_letter(tmp_path: Path, seq: object) -> None:
    processed = process(tmp_path, stream(create("a", seq=seq)))

    assert processed.dead_letters[0]["reason"] == f"seq: Must be a whole number from 1 to {2**63 - 1}."
    assert processed.events == []


def test_dead_letters_carry_line_number_reason_and_line(tmp_path: Path) -> None:
    processed = process(tmp_path, stream(create("a")) + b"\n   \r\nnot json\r\n" + stream(create("b")))

    letter = processed.dead_letters[0]
    assert (letter["line_number"], letter["line"]) == (4, "not json")
    assert letter["reason"].startswith("line: Not JSON")
    assert processed.summary.commands == 2
    assert processed.told == ""


def test_dead_letter_that_is_no_text_keeps_its_exact_bytes(tmp_path: Path) -> None:
    line = b'{"type":"cancel","order_id":"\xff\xfe"}'

    processed = process(tmp_path, line + b"\n")

    assert b64decode(processed.dead_letters[0]["line_base64"]) == line


def test_long_line_is_a_dead_letter_with_its_length(tmp_path: Path) -> None:
    long = b'{"type":"create","order_id":"' + b"x" * 2_000_000 + b'"}\n'

    processed = process(tmp_path, long, stream(create("a")))

    letter = processed.dead_letters[0]
    assert letter == {
        "line_number": 1,
        "reason": "Longer than 1048576 bytes.",
        "line": long[:1_000].decode(),
        "length": len(long) - 1,
    }
    assert processed.summary.commands == 1


def test_carriage_returns_byte_order_mark_and_missing_last_line_feed_do_not_matter(tmp_path: Path) -> None:
    text = stream(create("a"), create("b")).replace(b"\n", b"\r\n").removesuffix(b"\r\n")

    processed = process(tmp_path, b"\xef\xbb\xbf" + text)

    assert (processed.summary.commands, processed.summary.dead_letters) == (2, 0)


def test_byte_by_byte_the_outcome_is_the_same(tmp_path: Path) -> None:
    text = stream(create("a"), create("b", side="SELL"), {"type": "cancel", "order_id": "a"})

    at_once = process(tmp_path, text)
    in_pieces = process(tmp_path, *(text[at : at + 1] for at in range(len(text))))

    assert in_pieces.events == at_once.events
    assert at_once.summary.trades == in_pieces.summary.trades == 1


def test_time_comes_with_the_command_and_never_goes_backwards(tmp_path: Path) -> None:
    processed = process(
        tmp_path,
        stream(
            create("a"),
            create("b", timestamp="2026-11-21T08:00:00.5+01:00"),
            create("c", timestamp=1_000),
            create("d"),
            create("e", timestamp=1_800_000_000_000_000_000),
        ),
    )

    times = [event.get("timestamp") for event in processed.events[1:]]
    assert times == [None, *["2026-11-21T07:00:00.500000Z"] * 3, "2027-01-15T08:00:00.000000Z"]


@pytest.mark.parametrize("timestamp", ["yesterday", -1, 1.5, True, {}])
def test_time_of_wrong_form_is_a_dead_letter(tmp_path: Path, timestamp: object) -> None:
    processed = process(tmp_path, stream(create("a", timestamp=timestamp)))

    assert processed.dead_letters[0]["reason"].startswith("timestamp: Must be a time")


def test_refusal_by_the_rulebook_is_an_event_and_no_dead_letter(tmp_path: Path) -> None:
    processed = process(tmp_path, stream(create("a"), create("a", user_id="u2", symbol="MSFT")))

    assert processed.events[-1]["reason"] == "duplicate_order_id"
    assert (processed.summary.refusals, processed.summary.dead_letters) == (1, 0)


def test_book_shows_all_levels_of_all_symbols_best_first(tmp_path: Path) -> None:
    messages = [create(f"b{price}", price=price) for price in (90, 95, 85)]
    messages += [create(f"s{price}", side="SELL", price=price, quantity="0.50") for price in (110, 105, 105.5)]

    processed = process(tmp_path, stream(*messages, create("m", symbol="MSFT", order_type="MARKET", price=None)))

    assert processed.book == {
        "AAPL": {
            "bids": [["95.00", "10", 1], ["90.00", "10", 1], ["85.00", "10", 1]],
            "asks": [["105.00", "0.5", 1], ["105.50", "0.5", 1], ["110.00", "0.5", 1]],
        },
        "MSFT": {"bids": [], "asks": []},
    }


def test_gap_that_ends_in_a_dead_letter_is_one_gap(tmp_path: Path) -> None:
    processed = process(tmp_path, stream(create("a", seq=1), create("b", seq=5, side="HOLD"), create("c", seq=6)))

    assert (processed.summary.gaps, processed.summary.dead_letters) == (1, 1)


def test_lines_of_any_depth_are_put_aside_and_the_stream_goes_on(tmp_path: Path) -> None:
    depths = range(10, 2_000, 10)
    nested = b"".join(b'{"a":' + b"[" * depth + b'":"' + b"]" * depth + b"}\n" for depth in depths)

    processed = process(tmp_path, nested + stream(create("a1")))

    assert (processed.summary.dead_letters, processed.summary.commands) == (len(depths), 1)
