"""The sink writes everything exactly once, and refuses a database that is not this journal's."""

from contextlib import closing

import pytest
from sqlalchemy import event

from order_engine.database.database import Database
from order_engine.followers.sink import SinkAway, SinkFaulted
from order_engine.followers.sql.sink import SqlSink
from order_engine.matching.commands import CancelAll
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import JOURNAL_ID, write_rest
from tests.integration.database.market import Market, amend, busy_market, buy, cancel, sell
from tests.integration.database.projection_checks import assert_projected

REBUILD = "run `python -m order_engine rebuild`"


def test_records_become_rows(database: Database, sink: SqlSink) -> None:
    market = Market()
    assert sink.open(JOURNAL_ID, 0) == 0

    sink.write(market.apply_each([sell(), buy(quantity=4), cancel("1")]))

    assert sink.sequence == 3
    assert_projected(database, market)


def test_record_of_many_commands_and_record_without_events_advance_the_checkpoint(
    database: Database, sink: SqlSink
) -> None:
    market = Market()
    sink.open(JOURNAL_ID, 0)

    sink.write([market.apply(sell(), buy(), cancel("nobody")), market.apply(CancelAll(user_id="ann"))])

    assert sink.sequence == 4
    assert_projected(database, market)


def test_batch_writes_only_the_last_state_of_an_order(database: Database, sink: SqlSink) -> None:
    market = Market()
    writes: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: writes.append(call[2]))
    sink.open(JOURNAL_ID, 0)

    sink.write(market.apply_each([buy(quantity=50), *(amend("1", quantity) for quantity in range(40, 30, -1))]))

    assert_projected(database, market)
    assert [statement for statement in writes if statement.startswith("UPDATE orders")] == []


def test_sink_that_is_opened_again_goes_on_after_the_checkpoint(database: Database, sink: SqlSink) -> None:
    market = busy_market(10)
    sink.open(JOURNAL_ID, market.end)
    sink.write(market.journal[:20])
    reached = sink.sequence
    sink.close()

    assert sink.open(JOURNAL_ID, market.end) == reached
    write_rest(sink, market)

    assert_projected(database, market)


def test_batches_of_every_size_give_the_same_rows(database: Database, sink: SqlSink) -> None:
    market = busy_market(12)
    sink.open(JOURNAL_ID, market.end)
    journal, size = list(market.journal), 1

    while journal:
        sink.write(journal[:size])
        journal, size = journal[size:], size + 1

    assert_projected(database, market)


def test_database_of_another_journal_is_refused(database: Database, sink: SqlSink) -> None:
    sink.open("aaaa", 0)
    sink.close()

    with pytest.raises(SinkFaulted, match=r"expected journal bbbb, found aaaa.*name the right one"):
        sink.open("bbbb", 0)


def test_checkpoint_beyond_the_journal_is_refused(sink: SqlSink) -> None:
    market = busy_market(1)
    sink.open(JOURNAL_ID, market.end)
    write_rest(sink, market)
    sink.close()

    with pytest.raises(SinkFaulted, match=rf"CheckpointBeyondJournal: .*at most 2.* found {market.end}.*{REBUILD}"):
        sink.open(JOURNAL_ID, 2)


def test_checkpoint_that_somebody_else_moved_is_noticed_and_nothing_is_written(
    database: Database, sink: SqlSink
) -> None:
    market = busy_market(2)
    sink.open(JOURNAL_ID, 0)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE projection_checkpoint SET sequence = 1")

    with pytest.raises(SinkFaulted, match="CheckpointMoved"):
        sink.write(market.journal)

    assert Queries(database).orders().orders == []


def test_row_that_vanished_faults_the_sink_and_the_text_says_what_repairs_it(database: Database, sink: SqlSink) -> None:
    market = Market()
    sink.open(JOURNAL_ID, 0)
    sink.write([market.apply(buy())])
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM orders")

    with pytest.raises(SinkFaulted, match=rf"RowsMissing: orders: expected 1 rows to change, found 0; .*{REBUILD}"):
        sink.write([market.apply(cancel("1"))])


def test_second_sink_is_away_until_the_first_is_closed(database: Database, database_url: str, sink: SqlSink) -> None:
    sink.open(JOURNAL_ID, 0)
    with closing(Database(database_url)) as other, closing(SqlSink(other)) as second:
        with pytest.raises(SinkAway, match="another process writes to this database"):
            second.open(JOURNAL_ID, 0)

        sink.close()

        assert second.open(JOURNAL_ID, 0) == 0


def test_refused_open_leaves_the_lock_to_others(database: Database, database_url: str, sink: SqlSink) -> None:
    sink.open("aaaa", 0)
    sink.close()
    with closing(Database(database_url)) as other, closing(SqlSink(other)) as second:
        with pytest.raises(SinkFaulted):
            sink.open("bbbb", 0)

        assert second.open("aaaa", 0) == 0


def test_database_of_a_newer_program_is_refused_in_one_line(database: Database, sink: SqlSink) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SinkFaulted, match="found 9999; a newer program wrote this database") as caught:
        sink.open(JOURNAL_ID, 0)

    assert "\n" not in str(caught.value)


def test_table_that_is_damaged_faults_the_sink(database: Database, sink: SqlSink) -> None:
    market = Market()
    sink.open(JOURNAL_ID, 0)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE trades DROP COLUMN trade_id")

    with pytest.raises(SinkFaulted, match=REBUILD):
        sink.write(market.apply_each([sell(), buy()]))


def test_row_that_the_database_refuses_faults_the_sink(database: Database, sink: SqlSink) -> None:
    market = busy_market(2)
    sink.open(JOURNAL_ID, 0)
    with database.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO trades (sequence, number, trade_id, symbol, price_e8, quantity_e8, buy_order_id, "
            "sell_order_id, executed_ns) VALUES (2, 1, 'alien', 'AAPL', 1, 1, 'a', 'b', 1)"
        )

    with pytest.raises(SinkFaulted, match=rf"{database.kind} refuses: (IntegrityError|UniqueViolation).*{REBUILD}"):
        sink.write(market.journal)

    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM trades WHERE trade_id = 'alien'")
    sink.open(JOURNAL_ID, market.end)
    write_rest(sink, market)
    assert_projected(database, market)


def test_sink_that_was_never_opened_is_away(sink: SqlSink) -> None:
    with pytest.raises(SinkAway, match="not open"):
        sink.write([Market().apply(buy())])
