"""The exchange stamps, applies and journals in one step, and halts if any of that fails."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from order_engine.exchange.clock import Clock
from order_engine.exchange.digest import RunningDigest
from order_engine.exchange.errors import (
    ExchangeHalted,
    NotReady,
    ProjectionBehind,
)
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.phase import Phase
from order_engine.exchange.state import state_hash
from order_engine.journal.committer import SyncMode
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
from order_engine.matching.events import OrderAccepted, OrderStatus, TradeExecuted
from tests.builders import amend, buy, cancel, cancel_all, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import (
    PATIENCE_SECONDS,
    SECOND_NS,
    START_NS,
    FakeClock,
    opened,
    recovery_on,
    wait_until,
)

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


def test_answer_whose_sequence_is_visible_survives_a_crash(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.carry_out(buy())

        survivor = disk.crash()

    assert recovery_on(survivor).latest().state.engine.live.by_key.keys() == {2}


def test_answer_comes_at_once_with_the_sequence_that_it_waits_for_while_fsync_is_held_back(disk: FakeDisk) -> None:
    with opened(disk) as found:
        exchange = found.exchange
        disk.hold_syncs()

        answer = exchange.submit([buy(), buy()])

        assert answer.applied.record.last_sequence == 3
        assert found.notes == [3]
        assert (exchange.visible_sequence, exchange.applied_sequence, found.watermark.visible) == (1, 3, 1)
        assert not exchange.wait_visible(3, 0.02)
        disk.release_syncs()
        assert exchange.wait_visible(3, PATIENCE_SECONDS)
        assert (exchange.visible_sequence, found.watermark.visible, found.watermark.synced) == (3, 3, 3)


def test_everything_shown_notes_what_led_to_it_what_is_absent_too(disk: FakeDisk) -> None:
    with opened(disk) as found:
        exchange = found.exchange
        disk.hold_syncs()
        exchange.submit([buy()])
        looks: list[Callable[[], object]] = [
            lambda: exchange.depth("AAPL"),
            lambda: exchange.depth("UNKNOWN"),
            lambda: exchange.instruments("", 10),
            lambda: exchange.instrument("UNKNOWN"),
            lambda: exchange.live_order("2"),
            lambda: exchange.live_order("99"),
            lambda: exchange.standing("u"),
            lambda: exchange.ended_order("99"),
            lambda: exchange.ended_order_by_client_id("u", "mine"),
        ]

        for look in looks:
            found.notes.clear()
            look()
            assert found.notes == [2]

        disk.release_syncs()


def test_request_that_is_not_taken_notes_nothing(disk: FakeDisk) -> None:
    with opened(disk, lag_max=10) as found:
        found.backlog.lag = 11

        with pytest.raises(ProjectionBehind):
            found.exchange.submit([buy()])

        assert found.notes == []


def test_one_fsync_serves_all_that_came_while_the_last_one_ran(disk: FakeDisk) -> None:
    with opened(disk) as found:
        disk.hold_syncs()
        found.exchange.submit([buy()])
        disk.wait_until_sync_is_held()
        before = disk.sync_count

        for _ in range(20):
            found.exchange.submit([buy()])
        disk.release_syncs()

        assert found.exchange.wait_visible(22, PATIENCE_SECONDS)
        assert disk.sync_count - before == 2


def test_failed_fsync_halts_reads_and_writes(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.carry_out(buy())
        disk.fail("sync", OSError("the disk is full"))

        answer = found.exchange.submit([buy()])
        with pytest.raises(ExchangeHalted, match="the disk is full"):
            found.exchange.wait_visible(answer.applied.record.sequence)

        assert found.exchange.phase is Phase.HALTED
        assert "the disk is full" in str(found.exchange.fault)
        for ask in (lambda: found.exchange.instruments("", 10), lambda: found.exchange.depth("AAPL")):
            with pytest.raises(ExchangeHalted):
                ask()
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([buy()])
        assert found.exchange.visible_sequence == found.watermark.visible == 2
        assert found.exchange.wait_visible(2, 0), "what was visible before stays so"
        assert found.exchange.close() is None


def test_everybody_who_waits_for_a_failing_fsync_is_told(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor(16) as pool:
        disk.hold_syncs()
        disk.fail("sync", OSError("gone"))
        found.exchange.submit([buy()])
        waiting = [pool.submit(found.exchange.wait_visible, 2) for _ in range(8)]
        disk.wait_until_sync_is_held()
        disk.release_syncs()

        for future in waiting:
            assert isinstance(future.exception(PATIENCE_SECONDS), ExchangeHalted)


def test_journal_that_fails_by_itself_halts_the_exchange(disk: FakeDisk) -> None:
    with opened(disk) as found:
        disk.fail("write", OSError("no space left"))

        found.exchange.submit([buy()])
        wait_until(lambda: found.exchange.phase is Phase.HALTED)

        assert ["no space left" in str(fault) for fault in found.faults] == [True]
        assert found.exchange.tick_size_e8("AAPL") == 1_000_000, "an answer that is visible can be rendered still"


def test_exception_in_the_core_halts_and_is_never_journaled(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.carry_out(sell())
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([buy(), POISON])

        assert isinstance(found.exchange.fault, TypeError)
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([cancel("2")])
        with pytest.raises(ExchangeHalted):
            found.exchange.depth("AAPL")
        assert found.exchange.close() is None, "no snapshot may be made of half a change"

    # The sell is unchanged: the applied half of the record is gone.
    with opened(disk) as found:
        depth = found.exchange.depth("AAPL")
        assert depth is not None
        assert (len(depth.bids), len(depth.asks)) == (0, 1)
        assert found.exchange.submit([buy()]).applied.record.sequence == 3


def test_what_was_appended_before_a_fault_of_the_core_becomes_visible_all_the_same(disk: FakeDisk) -> None:
    with opened(disk) as found:
        disk.hold_syncs()
        sound = found.exchange.submit([buy()])
        with pytest.raises(ExchangeHalted):
            found.exchange.submit([POISON])
        disk.release_syncs()

        assert found.exchange.wait_visible(sound.applied.record.last_sequence, PATIENCE_SECONDS)
        assert found.journal.failure is None

    assert [record.sequence for record in recovered(disk)] == [1, 2]


def test_backlog_beyond_its_limit_stops_orders_and_amends_only(disk: FakeDisk) -> None:
    with opened(disk, lag_max=10) as found:
        found.exchange.submit([buy(user_id="u"), buy(user_id="u"), buy(user_id="u")])
        found.backlog.lag = 11

        for commands in ([buy()], [amend("2", quantity="5")], [cancel("2"), buy()]):
            with pytest.raises(ProjectionBehind, match="11 commands behind"):
                found.exchange.submit(commands)
        for sequence, command in enumerate((cancel("2"), cancel_all("u"), *EMERGENCY_CONTROLS), 5):
            assert found.exchange.submit([command]).applied.record.sequence == sequence
        assert not found.exchange.standing("u").is_enabled

        found.backlog.lag = 10
        assert not found.exchange.submit([buy()]).replayed


def test_without_a_limit_no_backlog_stops_anything(disk: FakeDisk) -> None:
    with opened(disk, lag_max=0) as found:
        found.backlog.lag = 1_000_000

        assert not found.exchange.submit([buy()]).replayed


def test_exchange_that_was_never_opened_takes_and_shows_nothing() -> None:
    exchange = Exchange(FakeClock())

    with pytest.raises(NotReady):
        exchange.submit([buy()])
    with pytest.raises(NotReady):
        exchange.depth("AAPL")
    assert (exchange.visible_sequence, exchange.applied_sequence, exchange.digests) == (0, 0, {})
    with pytest.raises(NotReady):
        exchange.wait_visible(0)
    assert exchange.tick_size_e8("AAPL") == 0
    assert exchange.sync() == 0
    assert exchange.close() is None


def test_exchange_that_could_not_start_says_so_to_everybody() -> None:
    exchange = Exchange(FakeClock())
    exchange.halt(OSError("the journal is damaged"))

    with pytest.raises(ExchangeHalted, match="the journal is damaged"):
        exchange.submit([buy()])
    with pytest.raises(ExchangeHalted, match="the journal is damaged"):
        exchange.wait_visible(0)
    assert exchange.visible_sequence == 0
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


def test_what_waits_for_the_disk_while_closing_becomes_visible(disk: FakeDisk) -> None:
    with opened(disk) as found, ThreadPoolExecutor() as pool:
        disk.hold_syncs()
        found.exchange.submit([buy()])
        disk.wait_until_sync_is_held()
        closing = pool.submit(found.exchange.close)
        disk.release_syncs()

        state = closing.result(PATIENCE_SECONDS)
        assert state is not None
        assert state.sequence == found.exchange.visible_sequence == 2
        assert found.exchange.wait_visible(2, 0)


def test_sync_puts_on_disk_what_the_mode_leaves_to_the_system(disk: FakeDisk) -> None:
    with opened(disk, sync=SyncMode.OFF) as found:
        found.carry_out(buy())
        before = found.watermark.synced

        assert found.exchange.sync() == 2
        assert (before, found.watermark.synced) == (0, 2)


def test_tick_size_is_known_in_every_phase_and_zero_for_what_is_not_listed(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.carry_out(buy())
        found.exchange.halt(OSError("gone"))

        assert (found.exchange.tick_size_e8("AAPL"), found.exchange.tick_size_e8("MSFT")) == (1_000_000, 0)
        assert found.notes == [2]


def test_orders_that_ended_are_known_by_either_id(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.carry_out(buy(user_id="u", client_order_id="mine"))
        found.carry_out(cancel("2"))

        ended = found.exchange.ended_order("2")

        assert ended is not None
        assert (ended.state.status, ended.updated_ns) == (OrderStatus.CANCELED, START_NS)
        assert found.exchange.ended_order_by_client_id("u", "mine") is ended
        assert found.exchange.live_order("2") is None


def test_digests_of_exchange_and_of_a_replay_agree(disk: FakeDisk) -> None:
    with opened(disk) as found:
        for _ in range(25):
            found.exchange.submit([sell(quantity="1")] * 50)
            found.exchange.submit([buy(quantity="1")] * 50)
        digests = dict(found.exchange.digests)
    replayed = RunningDigest(0)
    for applied in recovery_on(disk).history(0, 2501):
        replayed.add(applied)

    assert list(digests) == [0, 1]
    assert digests == replayed.completed


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
        found.carry_out(buy())
        state = found.exchange.close()
        assert state is not None
        if with_snapshot:
            found.recovery.save(state)

    earlier: Clock = FakeClock(START_NS - 86_400 * SECOND_NS)
    with opened(disk, clock=earlier) as found:  # type: ignore[arg-type]  # a fake clock all the same
        assert found.exchange.submit([buy()]).applied.record.timestamp_ns == START_NS


def recovered(disk: FakeDisk) -> list[Any]:
    """Every record on a disk."""
    return [applied.record for applied in recovery_on(disk).history(0, recovery_on(disk).latest().end.last_sequence)]
