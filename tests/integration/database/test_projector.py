"""The projector writes everything exactly once, whatever happens to the process, the database or the network."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest
from sqlalchemy import event

from order_engine.database.database import Database
from order_engine.database.errors import (
    CheckpointBeyondJournal,
    CheckpointMoved,
    ForeignCheckpoint,
    HistoryIncomplete,
)
from order_engine.exchange.applied import Applied
from order_engine.followers.sql.projector import ProjectionPace
from order_engine.matching.commands import CancelAll
from order_engine.queries.queries import Queries
from tests.integration.database.conftest import QUICK, Start
from tests.integration.database.market import Market, amend, busy_market, buy, cancel, sell
from tests.integration.database.projection_checks import WAIT_SECONDS, Halt, assert_projected, publish

SLOW = ProjectionPace(pause_seconds=3600)


def test_published_records_become_rows(database: Database, start: Start) -> None:
    market = Market()
    projector = start(database, market)

    publish(projector, market.apply_each([sell(), buy(quantity=4), cancel("1")]))

    assert projector.wait_projected(3, WAIT_SECONDS)
    assert_projected(database, market)
    assert (projector.lag, projector.status, tuple(projector.progress)) == (0, "ok", (3, 3))


def test_record_of_many_commands_and_record_without_events_advance_the_checkpoint(
    database: Database, start: Start
) -> None:
    market = Market()
    projector = start(database, market)

    publish(projector, [market.apply(sell(), buy(), cancel("nobody")), market.apply(CancelAll(user_id="ann"))])

    assert projector.wait_projected(4, WAIT_SECONDS)
    assert_projected(database, market)


def test_waiting_reader_ends_the_pause_between_batches(database: Database, start: Start) -> None:
    market = Market()
    projector = start(database, market, pace=SLOW)

    publish(projector, market.apply_each([sell(), buy()]))

    assert projector.wait_projected(2, WAIT_SECONDS)


def test_full_batch_ends_the_pause_without_a_reader(database: Database, start: Start) -> None:
    market = Market()
    committed = Event()
    projector = start(database, market, pace=SLOW._replace(batch_events_max=10))
    event.listen(database.engine, "commit", lambda connection: committed.set())

    publish(projector, market.apply_each([buy()] * 12))

    assert committed.wait(WAIT_SECONDS)


def test_waiting_for_what_never_comes_ends_in_time(database: Database, start: Start) -> None:
    projector = start(database, Market())

    assert not projector.wait_projected(1, timeout_seconds=0.05)


def test_batch_writes_only_the_last_state_of_an_order(database: Database, start: Start) -> None:
    market = Market()
    projector = start(database, market, pace=SLOW)
    writes: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *call: writes.append(call[2]))

    publish(projector, market.apply_each([buy(quantity=50), *(amend("1", quantity) for quantity in range(40, 30, -1))]))

    assert projector.wait_projected(11, WAIT_SECONDS)
    assert_projected(database, market)
    assert [statement for statement in writes if statement.startswith("UPDATE orders")] == []


def test_restart_goes_on_after_the_checkpoint(database: Database, start: Start) -> None:
    market = busy_market(10)
    first = start(database, market)
    publish(first, market.journal[:20])
    end = market.journal[19].record.last_sequence
    assert first.wait_projected(end, WAIT_SECONDS)
    assert first.close()

    second = start(database, market, journal_end=end)
    publish(second, market.journal[20:])

    assert second.wait_projected(market.end, WAIT_SECONDS)
    assert_projected(database, market)


def test_record_that_is_written_already_is_dropped(database: Database, start: Start) -> None:
    market = busy_market(10)
    projector = start(database, market, journal_end=market.end)
    publish(projector, market.journal[10:])
    assert projector.wait_projected(market.end, WAIT_SECONDS)

    publish(projector, market.journal)
    publish(projector, [market.apply(buy())])

    assert projector.wait_projected(market.end, WAIT_SECONDS)
    assert projector.lag == 0
    assert_projected(database, market)


def test_close_writes_what_is_queued(database: Database, start: Start) -> None:
    market = busy_market(5)
    projector = start(database, market, pace=SLOW)
    publish(projector, market.journal)

    assert projector.close(WAIT_SECONDS)

    assert_projected(database, market)


def test_empty_database_catches_up_from_the_journal_then_follows_the_queue(database: Database, start: Start) -> None:
    market = busy_market(30)
    projector = start(database, market, journal_end=market.end, pace=QUICK._replace(batch_events_max=10))

    publish(projector, market.apply_each([buy(), sell()]))

    assert projector.wait_projected(market.end, WAIT_SECONDS)
    assert_projected(database, market)


def test_gap_between_tables_and_queue_is_filled_from_the_journal(database: Database, start: Start) -> None:
    market = busy_market(10)
    projector = start(database, market)

    publish(projector, market.journal[25:])

    assert projector.wait_projected(market.end, WAIT_SECONDS)
    assert_projected(database, market)


def test_progress_of_catching_up_can_be_seen(database: Database, start: Start) -> None:
    market = busy_market(10)
    seen: list[tuple[tuple[int, int], str]] = []
    started = Event()

    class WatchedMarket(Market):
        def history(self, after_sequence: int, until_sequence: int) -> Iterator[Applied]:
            started.wait(WAIT_SECONDS)
            for applied in market.history(after_sequence, until_sequence):
                seen.append((tuple(projector.progress), projector.status))  # type: ignore[arg-type] # a pair
                yield applied

    projector = start(database, WatchedMarket(), market.end, pace=QUICK._replace(batch_events_max=1))
    started.set()

    assert projector.wait_projected(market.end, WAIT_SECONDS)
    assert [at for (at, _), _ in seen] == sorted({at for (at, _), _ in seen})
    assert {(of, status) for (_, of), status in seen} == {
        (market.end, f"catching up from the journal: 0 to {market.end}")
    }


def test_history_that_ends_early_halts_by_name(database: Database, start: Start) -> None:
    halt = Halt()
    projector = start(database, Market(), journal_end=5, on_halt=halt)

    assert isinstance(halt.wait(), HistoryIncomplete)
    assert projector.status.startswith("halted: HistoryIncomplete")
    assert not projector.wait_projected(1, WAIT_SECONDS)


def test_database_of_another_journal_stops_the_start(database: Database, start: Start) -> None:
    start(database, Market(), journal_id="aaaa")

    with pytest.raises(ForeignCheckpoint, match=r"projection_checkpoint: expected journal bbbb, found aaaa"):
        start(database, Market(), journal_id="bbbb")


def test_checkpoint_beyond_the_journal_stops_the_start(database: Database, start: Start) -> None:
    market = busy_market(1)
    first = start(database, market, journal_end=market.end)
    assert first.wait_projected(market.end, WAIT_SECONDS)
    first.close()

    with pytest.raises(CheckpointBeyondJournal, match=rf"at most 2, where the journal ends, found {market.end}"):
        start(database, market, journal_end=2)


def test_second_process_on_the_same_tables_is_noticed(database: Database, start: Start) -> None:
    market = busy_market(2)
    halt = Halt()
    first = start(database, market, on_halt=halt)
    second = start(database, market)
    publish(second, market.journal[:3])
    assert second.wait_projected(3, WAIT_SECONDS)

    publish(first, market.journal)

    assert isinstance(halt.wait(), CheckpointMoved)
    assert [stored.order.order_id for stored in Queries(database).orders().orders] == ["2", "1"]


def test_rows_that_vanished_are_noticed(database: Database, start: Start) -> None:
    market = Market()
    halt = Halt()
    projector = start(database, market, on_halt=halt)
    publish(projector, [market.apply(buy())])
    assert projector.wait_projected(1, WAIT_SECONDS)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM orders")

    publish(projector, [market.apply(cancel("1"))])

    halt.wait()
    assert projector.status.startswith("halted: RowsMissing: orders: expected 1 rows to change, found 0")


def test_many_readers_and_a_busy_publisher_all_see_their_writes(database: Database, start: Start) -> None:
    market = busy_market(60)
    projector = start(database, market)
    seen: list[bool] = []

    def read(sequences: range) -> None:
        seen.extend([projector.wait_projected(sequence, WAIT_SECONDS) for sequence in sequences])

    readers = [Thread(target=read, args=(range(first, market.end + 1, 8),)) for first in range(1, 9)]
    for reader in readers:
        reader.start()
    publish(projector, market.journal)
    for reader in readers:
        reader.join(WAIT_SECONDS)

    assert seen == [True] * market.end
    assert_projected(database, market)
