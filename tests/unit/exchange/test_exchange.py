"""The exchange stamps, applies, journals, waits, answers; and stops whole when anything of that goes wrong."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from order_engine.exchange.clock import Clock
from order_engine.exchange.errors import (
    ExchangeHalted,
    NotReady,
    ProjectionBehind,
    RetryInFlight,
    RetryMismatch,
)
from order_engine.exchange.exchange import Exchange, Phase
from order_engine.exchange.state import state_hash
from order_engine.journal.record import Retry
from order_engine.matching.commands import (
    Command,
    Configure,
    DisableUser,
    PlaceOrder,
    SessionState,
    SetInstrument,
    SetRiskLimits,
    SetState,
    Side,
)
from order_engine.matching.events import OrderAccepted, TradeExecuted
from tests.builders import amend, buy, cancel, cancel_all, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import (
    PATIENCE_SECONDS,
    SECOND_NS,
    START_NS,
    FakeBacklog,
    FakeClock,
    opened,
    recovery_on,
    wait_until,
)

RETRY = Retry(scope="", key="a", fingerprint="what was asked")
EMERGENCY_CONTROLS: tuple[Command, ...] = (
    DisableUser(user_id="u"),
    SetState(symbol="AAPL", state=SessionState.HALTED),
    SetRiskLimits(user_id="u", max_open_orders=1),
    SetInstrument(symbol="AAPL", price_band_percent_e8=1),
)
POISON: Any = PlaceOrder(symbol="AAPL", side=Side.BUY, quantity_e8="not a number", price_e8=1_000_000)  # type: ignore[arg-type]  # on purpose


@pytest.fixture
def disk() -> FakeDisk:
    return FakeDisk()


def test_new_journal_begins_with_the_settings_of_matching(disk: FakeDisk) -> None:
    settings = Configure(auto_list=False)

    with opened(disk, settings=settings):
        pass

    assert [record.commands for record in recovered(disk)] == [(settings,)]


def test_settings_are_journaled_again_only_when_they_change(disk: FakeDisk) -> None:
    for settings in (Configure(), Configure(), Configure(max_instruments=5), Configure(max_instruments=5)):
        with opened(disk, settings=settings):
            pass

    assert [record.commands for record in recovered(disk)] == [(Configure(),), (Configure(max_instruments=5),)]


def test_answer_carries_sequence_time_and_events(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.exchange.submit([sell()])
        answer = found.exchange.submit([buy(), cancel("7")])

    record, events = answer.applied
    assert (record.sequence, record.last_sequence, record.timestamp_ns) == (3, 4, START_NS)
    assert [type(event) for event in events[0]] == [OrderAccepted, TradeExecuted]
    assert not answer.replayed


def test_answered_command_survives_a_crash_at_once(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.exchange.submit([buy()])

        survivor = disk.crash()

    assert recovery_on(survivor).latest().state.engine.live.by_id.keys() == {"2"}


def test_nothing_is_answered_shown_or_published_while_fsync_is_held_back(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor() as pool:
        found.recorder.wait_for(1)
        disk.hold_syncs()
        waiting = [pool.submit(found.exchange.submit, [buy()])]
        disk.wait_until_sync_is_held()
        exchange = found.exchange
        waiting += [pool.submit(exchange.depth, "AAPL"), pool.submit(exchange.instrument, "AAPL")]
        waiting += [pool.submit(exchange.instruments), pool.submit(exchange.live_order, "2")]
        waiting += [pool.submit(exchange.standing, "u")]

        assert not exchange.wait_sequence(2, 0.05)
        assert not any(future.done() for future in waiting)
        assert found.recorder.sequences == [1]
        assert exchange.durable_sequence == 1

        disk.release_syncs()
        assert waiting[0].result().applied.record.sequence == 2
        depth = waiting[1].result()
        assert depth is not None
        assert (depth.sequence, len(depth.bids)) == (2, 1)
        found.recorder.wait_for(2)


def test_nobody_waits_for_a_sequence_that_was_not_given_out(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor() as pool:
        disk.hold_syncs()
        pool.submit(found.exchange.submit, [buy()])
        disk.wait_until_sync_is_held()
        given_out = pool.submit(found.exchange.wait_sequence, 2, PATIENCE_SECONDS)

        assert not pool.submit(found.exchange.wait_sequence, 3, 10 * PATIENCE_SECONDS).result(PATIENCE_SECONDS)
        assert not given_out.done()

        disk.release_syncs()
        assert given_out.result()


def test_one_fsync_serves_everybody_who_waits(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor(32) as pool:
        disk.hold_syncs()
        first = pool.submit(found.exchange.submit, [buy()])
        disk.wait_until_sync_is_held()
        before = disk.sync_count
        rest = [pool.submit(found.exchange.submit, [buy()]) for _ in range(20)]
        wait_until(lambda: found.journal.appended_sequence == 22)
        disk.release_syncs()
        for future in [first, *rest]:
            future.result()

        assert disk.sync_count - before == 2


def test_failed_fsync_halts_reads_and_writes(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.exchange.submit([buy()])
        disk.fail("sync", OSError("the disk is full"))

        with pytest.raises(ExchangeHalted, match="the disk is full"):
            found.exchange.submit([buy()])

        assert found.exchange.phase is Phase.HALTED
        assert "the disk is full" in str(found.exchange.fault)
        for ask in (found.exchange.instruments, lambda: found.exchange.depth("AAPL")):
            with pytest.raises(ExchangeHalted):
                ask()
        with pytest.raises(ExchangeHalted):
            found.exchange.wait_sequence(1, 0)
        assert 3 not in found.recorder.sequences
        assert found.exchange.close() is None


def test_everybody_who_waits_for_a_failing_fsync_is_told(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor(16) as pool:
        disk.hold_syncs()
        disk.fail("sync", OSError("gone"))
        waiting = [pool.submit(found.exchange.submit, [buy()]) for _ in range(8)]
        disk.wait_until_sync_is_held()
        disk.release_syncs()

        for future in waiting:
            assert isinstance(future.exception(), ExchangeHalted)


def test_exception_in_the_core_halts_and_is_never_journaled(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.exchange.submit([sell()])
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([buy(), POISON])

        assert isinstance(found.exchange.fault, TypeError)
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([cancel("2")])
        with pytest.raises(ExchangeHalted):
            found.exchange.depth("AAPL")
        assert found.exchange.close() is None, "no snapshot may be made of half a change"

    # The sell stands as it did: the half of the record that was applied is gone.
    with opened(disk) as found:
        depth = found.exchange.depth("AAPL")
        assert depth is not None
        assert (len(depth.bids), len(depth.asks)) == (0, 1)
        assert found.exchange.submit([buy()]).applied.record.sequence == 3


def test_command_before_the_faulty_one_is_answered_all_the_same(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor() as pool:
        disk.hold_syncs()
        sound = pool.submit(found.exchange.submit, [buy()])
        disk.wait_until_sync_is_held()
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([POISON])
        disk.release_syncs()

        assert sound.result().applied.record.sequence == 2

    assert [record.sequence for record in recovered(disk)] == [1, 2]


def test_subscriber_that_raises_halts_the_exchange(disk: FakeDisk) -> None:
    class Broken:
        def publish(self, applied: object) -> None:
            raise RuntimeError("a projection lost its way")

    with opened(disk, subscribers=(Broken(),)) as found:
        found.recorder.wait_for(1)
        wait_until(lambda: bool(found.faults))

        assert found.exchange.phase is Phase.HALTED
        assert [str(fault) for fault in found.faults] == ["a projection lost its way"]


def test_backlog_beyond_its_limit_stops_orders_and_amends_only(disk: FakeDisk) -> None:
    with opened(disk, lag_max=10) as found:
        found.exchange.submit([buy(user_id="u"), buy(user_id="u"), buy(user_id="u")])
        found.backlog.lag = 11

        for commands in ([buy()], [amend("2", quantity="5")], [cancel("2"), buy()]):
            with pytest.raises(ProjectionBehind, match="11 events behind"):
                found.exchange.submit(commands)
        for sequence, command in enumerate((cancel("2"), cancel_all("u"), *EMERGENCY_CONTROLS), 5):
            assert found.exchange.submit([command]).applied.record.sequence == sequence
        assert not found.exchange.standing("u").is_enabled

        found.backlog.lag = 10
        assert not found.exchange.submit([buy()]).replayed


def test_exchange_that_was_never_opened_takes_and_shows_nothing() -> None:
    exchange = Exchange(FakeClock(), FakeBacklog(), 1)

    with pytest.raises(NotReady):
        exchange.submit([buy()])
    with pytest.raises(NotReady):
        exchange.depth("AAPL")
    assert exchange.durable_sequence == 0
    assert exchange.close() is None


def test_exchange_that_could_not_start_says_so_to_everybody() -> None:
    exchange = Exchange(FakeClock(), FakeBacklog(), 1)
    exchange.halt(OSError("the journal is damaged"))

    with pytest.raises(ExchangeHalted, match="the journal is damaged"):
        exchange.submit([buy()])
    with pytest.raises(ExchangeHalted, match="the journal is damaged"):
        exchange.wait_sequence(0, 0)
    assert exchange.durable_sequence == 0
    assert exchange.close() is None


def test_closed_exchange_gives_its_state_and_takes_nothing_more(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.exchange.submit([buy()])

        state = found.exchange.close()

        assert state is not None
        assert state_hash(state.dump()) == state_hash(recovery_on(disk).latest().state.dump())
        with pytest.raises(NotReady, match="closing"):
            found.exchange.submit([buy()])
        assert found.exchange.close() is None


def test_request_in_flight_while_closing_is_answered(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor() as pool:
        disk.hold_syncs()
        in_flight = pool.submit(found.exchange.submit, [buy()])
        disk.wait_until_sync_is_held()
        closing = pool.submit(found.exchange.close)
        disk.release_syncs()

        assert in_flight.result().applied.record.sequence == 2
        state = closing.result()
        assert state is not None
        assert state.sequence == 2
        found.recorder.wait_for(2)


# Time.


def test_clock_that_jumps_back_does_not_turn_back_the_exchange(disk: FakeDisk) -> None:
    clock = FakeClock()
    with opened(disk, clock=clock) as found:
        found.exchange.submit([buy()])
        clock.now = START_NS - 3600 * SECOND_NS

        assert found.exchange.submit([buy()]).applied.record.timestamp_ns == START_NS

        clock.now = START_NS + SECOND_NS
        assert found.exchange.submit([buy()]).applied.record.timestamp_ns == START_NS + SECOND_NS


@pytest.mark.parametrize("with_snapshot", [True, False])
def test_clock_that_jumps_back_across_a_restart_does_not_turn_back_the_exchange(
    disk: FakeDisk, with_snapshot: bool
) -> None:
    with opened(disk, clock=FakeClock(START_NS)) as found:
        found.exchange.submit([buy()])
        state = found.exchange.close()
        assert state is not None
        if with_snapshot:
            found.recovery.save(state)

    earlier: Clock = FakeClock(START_NS - 86_400 * SECOND_NS)
    with opened(disk, clock=earlier) as found:  # type: ignore[arg-type]  # a fake clock all the same
        assert found.exchange.submit([buy()]).applied.record.timestamp_ns == START_NS


# Repeated requests.


def test_same_request_gives_the_first_answer_and_changes_nothing(disk: FakeDisk) -> None:
    with opened(disk) as found:
        first = found.exchange.submit([buy()], RETRY)
        second = found.exchange.submit([buy()], RETRY)

        assert second.applied == first.applied
        assert (first.replayed, second.replayed) == (False, True)
        assert found.journal.appended_sequence == 2


def test_same_key_for_something_else_is_refused(disk: FakeDisk) -> None:
    other = Retry(scope="", key="a", fingerprint="something else")
    with opened(disk) as found:
        found.exchange.submit([buy()], RETRY)

        with pytest.raises(RetryMismatch):
            found.exchange.submit([sell()], other)
        assert not found.exchange.submit([sell()], Retry(scope="b", key="a", fingerprint="x")).replayed


def test_same_request_while_the_first_is_in_flight_is_refused(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor() as pool:
        disk.hold_syncs()
        first = pool.submit(found.exchange.submit, [buy()], RETRY)
        disk.wait_until_sync_is_held()

        with pytest.raises(RetryInFlight):
            found.exchange.submit([buy()], RETRY)
        disk.release_syncs()

        assert not first.result().replayed
        assert found.exchange.submit([buy()], RETRY).replayed


def test_request_whose_answer_was_lost_with_the_process_is_carried_out_once(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor() as pool:
        disk.hold_syncs()
        lost = pool.submit(found.exchange.submit, [buy()], RETRY)
        disk.wait_until_sync_is_held()
        gone, written = disk.crash(), disk.crash(unsynced_bytes_kept=1 << 20)
        disk.release_syncs()
        lost.result()

    with opened(gone) as found:
        assert not found.exchange.submit([buy()], RETRY).replayed
    with opened(written) as found:
        assert found.exchange.submit([buy()], RETRY).replayed


def test_cancel_with_a_key_is_replayed_even_while_the_database_is_behind(disk: FakeDisk) -> None:
    with opened(disk, lag_max=10) as found:
        found.exchange.submit([buy()], RETRY)
        found.backlog.lag = 11

        assert found.exchange.submit([buy()], RETRY).replayed


def recovered(disk: FakeDisk) -> list[Any]:
    """Every record on a disk."""
    return [applied.record for applied in recovery_on(disk).history(0, recovery_on(disk).latest().end.last_sequence)]
