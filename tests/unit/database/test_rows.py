"""From events to rows: which rows, and which value in which column."""

from collections.abc import Sequence

from sqlalchemy import Table

from order_engine.database.tables import Base, CandleRow
from order_engine.followers.sql.columns import (
    INSTRUMENT_COLUMNS,
    ORDER_CHANGES,
    ORDER_EVENT_COLUMNS,
    ORDER_KEY,
    ORDER_TERMS,
    POSITION_COLUMNS,
    STATE_COLUMNS,
    TRADE_COLUMNS,
)
from order_engine.followers.sql.rows import PositionTrades, Row, rows_of
from order_engine.market_data.candles import KEPT_LENGTHS, Candle, CandleKey, start_of
from tests.integration.database.market import E8, START_NS, Market, amend, buy, cancel, sell

NOW_NS = START_NS + 1000
NO_SPECIAL_TERMS = dict.fromkeys(("display_quantity_e8", "stop_price_e8", "trail_amount_e8"))


def named(columns: Sequence[str], row: Row) -> dict[str, object]:
    return dict(zip(columns, row, strict=True))


def test_columns_are_those_of_the_tables() -> None:
    tables: dict[str, Table] = dict(Base.metadata.tables)

    assert {*ORDER_TERMS, *ORDER_CHANGES, *ORDER_KEY} == set(tables["orders"].columns.keys())
    assert set(TRADE_COLUMNS) == set(tables["trades"].columns.keys())
    assert set(ORDER_EVENT_COLUMNS) == set(tables["order_events"].columns.keys())
    assert {*INSTRUMENT_COLUMNS, *STATE_COLUMNS} == set(tables["instruments"].columns.keys())
    assert tuple(tables["positions"].columns.keys()) == POSITION_COLUMNS
    assert (*CandleKey._fields, *Candle.__struct_fields__) == tuple(CandleRow.__table__.columns.keys())


def test_placed_order_becomes_one_row() -> None:
    market = Market()

    rows = rows_of([market.apply(buy(price=101, quantity=3, user_id="ann", client_order_id="c1"))])

    assert [named(ORDER_TERMS + ORDER_CHANGES + ORDER_KEY, row) for row in rows.new_orders] == [
        {
            "order_id": "1",
            "user_id": "ann",
            "client_order_id": "c1",
            "symbol": "AAPL",
            "side": "BUY",
            "order_type": "LIMIT",
            "time_in_force": "GTC",
            "post_only": False,
            "placed_price_e8": 101 * E8,
            "placed_quantity_e8": 3 * E8,
            **dict.fromkeys(("placed_display_quantity_e8", "placed_stop_price_e8", "placed_trail_amount_e8")),
            **dict.fromkeys(("expire_at_ns", "self_trade_prevention")),
            "created_ns": NOW_NS,
            "price_e8": 101 * E8,
            "quantity_e8": 3 * E8,
            "filled_e8": 0,
            "remaining_e8": 3 * E8,
            "filled_notional_e16": "0",
            "status": "OPEN",
            "reason": None,
            **NO_SPECIAL_TERMS,
            "updated_ns": NOW_NS,
            "updated_sequence": 1,
            "sequence": 1,
        }
    ]


def test_placed_order_becomes_one_event_and_lists_its_instrument() -> None:
    market = Market()

    rows = rows_of([market.apply(buy(price=101, quantity=3, user_id="ann"))])

    # The first event of the command lists the instrument.
    assert [named(ORDER_EVENT_COLUMNS, row) for row in rows.order_events] == [
        {
            "sequence": 1,
            "number": 1,
            "order_id": "1",
            "event": "accepted",
            "reason": None,
            "status": "OPEN",
            "price_e8": 101 * E8,
            "quantity_e8": 3 * E8,
            "filled_e8": 0,
            "remaining_e8": 3 * E8,
            "canceled_e8": None,
            "decremented_e8": None,
            **NO_SPECIAL_TERMS,
            "occurred_ns": NOW_NS,
            "actor": None,
        }
    ]
    assert rows.states == [("AAPL", "OPEN", NOW_NS)]
    assert rows.instruments == [("AAPL", 1_000_000, 1, 0, 0, *[None] * 12, NOW_NS, 1)]
    assert (rows.changed_orders, rows.trades, rows.candles, rows.positions) == ([], [], {}, {})


def test_trade_becomes_a_row_a_candle_and_the_last_state_of_both_orders() -> None:
    market = Market()
    rows_of([market.apply(sell(price=100, quantity=5, user_id="ann"))])

    rows = rows_of([market.apply(buy(price=102, quantity=2, user_id="bob"))])

    assert [named(TRADE_COLUMNS, row) for row in rows.trades] == [
        {
            "sequence": 2,
            "number": 1,
            "trade_id": "2-1",
            "symbol": "AAPL",
            "price_e8": 100 * E8,
            "quantity_e8": 2 * E8,
            "taker_side": "BUY",
            "buy_order_id": "2",
            "sell_order_id": "1",
            "buy_user_id": "bob",
            "sell_user_id": "ann",
            "executed_ns": market.now_ns,
        }
    ]
    candle = Candle(*(100 * E8,) * 4, 2 * E8, 200 * E8 * E8, 1)
    starts = {seconds: start_of(seconds, market.now_ns) for seconds in KEPT_LENGTHS}
    assert rows.candles == {CandleKey("AAPL", seconds, start_ns): candle for seconds, start_ns in starts.items()}
    assert rows.positions == {
        ("bob", "AAPL"): PositionTrades([(2 * E8, 100 * E8)], market.now_ns, 2),
        ("ann", "AAPL"): PositionTrades([(-2 * E8, 100 * E8)], market.now_ns, 2),
    }
    assert [named(ORDER_CHANGES + ORDER_KEY, row)["remaining_e8"] for row in rows.changed_orders] == [3 * E8]
    assert [named(ORDER_TERMS + ORDER_CHANGES + ORDER_KEY, row)["status"] for row in rows.new_orders] == ["FILLED"]


def test_order_that_changes_often_in_a_batch_is_written_once_but_every_event_is_kept() -> None:
    market = Market()
    market.apply(buy(quantity=9))

    rows = rows_of(market.apply_each([amend("1", 8), amend("1", 7), cancel("1")]))

    assert [named(ORDER_CHANGES + ORDER_KEY, row)["status"] for row in rows.changed_orders] == ["CANCELED"]
    assert [named(ORDER_EVENT_COLUMNS, row)["event"] for row in rows.order_events] == ["amended", "amended", "canceled"]


def test_commands_of_one_record_have_sequences_of_their_own() -> None:
    market = Market()

    rows = rows_of([market.apply(buy(), sell(), cancel("7"))])

    assert [row[:2] for row in rows.trades] == [(2, 1)]
    assert [row[:4] for row in rows.order_events] == [
        (1, 1, "1", "accepted"),
        (2, 0, "2", "accepted"),
        (3, 0, "7", "cancel_rejected"),
    ]


def test_refusal_that_names_no_order_has_no_row() -> None:
    market = Market()
    unnamed = cancel("1").__class__(user_id="ann", client_order_id="c1")

    rows = rows_of([market.apply(unnamed)])

    assert rows.order_events == []
