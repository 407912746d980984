"""After a record reaches its bound the exchange goes on by itself, and cuts a batch."""

from pathlib import Path

import pytest

from order_engine.exchange.batch_time import BATCH_NS_MAX, BatchTime
from order_engine.exchange.memory_limit import (
    LIVE_ORDERS_MAX,
    files_of_limits,
    live_orders_that_fit,
    memory_limit_bytes,
)
from order_engine.exchange.state import state_hash
from order_engine.journal.record import Retry
from order_engine.matching.commands import Command, Configure, Continue
from tests.builders import SYMBOL, buy, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import START_NS, Opened, opened

SETTINGS = Configure(trades_max=2)
MIB = 1 << 20


@pytest.fixture
def disk() -> FakeDisk:
    return FakeDisk()


def let_stops_trigger(found: Opened) -> None:
    """Leave three stops whose turn has not come."""
    found.carry_out(*[buy(quantity="1", price=f"{price}.00") for price in range(20, 10, -1)])
    found.carry_out(*[sell(quantity="1", stop="20.00") for _ in range(4)])
    found.carry_out(sell(quantity="1", price="20.00"))


def journaled(found: Opened) -> list[Command]:
    history = found.recovery.history(0, found.exchange.applied_sequence)
    return [command for applied in history for command in applied.record.commands]


def test_exchange_goes_on_by_itself_one_record_at_a_time(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        let_stops_trigger(found)
        before = found.exchange.applied_sequence

        due_ns = found.exchange.keep_time()
        after_one = found.exchange.applied_sequence
        last_due_ns = found.exchange.keep_time()
        found.exchange.wait_visible(found.exchange.applied_sequence)

        assert due_ns == START_NS
        assert after_one == before + 1
        assert last_due_ns is None
        assert journaled(found)[-2:] == [Continue(symbol=SYMBOL)] * 2


def test_command_that_names_the_instrument_finds_no_turn_left(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        let_stops_trigger(found)

        answer = found.carry_out(sell(quantity="2", price="1.00"))

        assert len(answer.applied.events[0]) == 3
        assert journaled(found)[-3:-1] == [Continue(symbol=SYMBOL)] * 2


def test_turns_survive_a_restart(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        let_stops_trigger(found)
    with opened(disk, settings=SETTINGS) as found:
        found.exchange.keep_time()
        found.exchange.keep_time()
        found.exchange.wait_visible(found.exchange.applied_sequence)
        replayed = found.recovery.replay(None)

        assert journaled(found)[-2:] == [Continue(symbol=SYMBOL)] * 2
        assert replayed.engine.unfinished is None
        assert state_hash(replayed.dump()) == state_hash(found.recovery.state_at(replayed.sequence).dump())


def test_batch_is_journaled_as_far_as_its_bound_let_it_come_and_a_retry_is_told_the_same(disk: FakeDisk) -> None:
    one = sell(quantity="1", price="1.00")
    retry = Retry(scope="ann", key="k", fingerprint="f")
    with opened(disk, settings=SETTINGS) as found:
        found.carry_out(*[buy(quantity="1", price="20.00") for _ in range(9)])

        answer = found.carry_out(one, one, one, one, retry=retry)
        again = found.carry_out(one, one, one, one, retry=retry)

        assert len(answer.applied.events) == len(answer.applied.record.commands) == 2
        assert again.replayed
        assert again.applied == answer.applied
        assert found.exchange.applied_sequence == answer.applied.record.last_sequence
        assert journaled(found)[-2:] == [one, one]


def test_batch_ends_when_its_time_is_over_and_a_retry_is_told_the_same(disk: FakeDisk) -> None:
    worked_ns = [0]
    retry = Retry(scope="ann", key="k", fingerprint="f")
    entries = [buy(quantity="1", order_id=name) for name in ("a", "b", "c")]

    def stopwatch() -> int:
        worked_ns[0] += BATCH_NS_MAX // 2
        return worked_ns[0]

    with opened(disk, batch_time=BatchTime(stopwatch)) as found:
        answer = found.carry_out(*entries, retry=retry)
        worked_ns[0] = -(10**12)
        again = found.carry_out(*entries, retry=retry)

        assert answer.applied.record.commands == tuple(entries[:2])
        assert again.replayed
        assert again.applied == answer.applied
        assert journaled(found)[-2:] == entries[:2]
        assert found.exchange.live_order("c") is None


def test_single_command_is_carried_out_whatever_the_time(disk: FakeDisk) -> None:
    times = iter(range(0, 1 << 60, 1 << 50))

    with opened(disk, batch_time=BatchTime(lambda: next(times))) as found:
        assert len(found.carry_out(buy(quantity="1")).applied.events) == 1


def test_live_orders_take_what_the_rest_leaves_of_the_memory() -> None:
    assert live_orders_that_fit(512 * MIB) == 12_201
    assert live_orders_that_fit(1_024 * MIB) == 183_024
    assert live_orders_that_fit(256 * MIB) == 6_100
    assert live_orders_that_fit(1 << 50) == LIVE_ORDERS_MAX
    assert live_orders_that_fit(0) == 1


def test_container_limits_the_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("cgroup")
    (directory / "memory.max").write_text("1048576\n")
    (directory / "unlimited").write_text("max\n")
    paths = [directory / "memory.max", directory / "unlimited", directory / "absent"]

    assert memory_limit_bytes(paths) == MIB
    assert memory_limit_bytes(paths[1:]) > MIB


def test_limits_are_those_of_the_own_control_groups_and_of_all_around_them(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    own_groups = tmp_path_factory.mktemp("proc") / "cgroup"
    own_groups.write_text("4:memory:/slice/unit\n3:cpu:/\n0::/user\n")

    found = [str(path) for path in files_of_limits(own_groups, Path("/groups"))]

    assert found == [
        "/groups/memory/slice/unit/memory.limit_in_bytes",
        "/groups/memory/slice/memory.limit_in_bytes",
        "/groups/memory/memory.limit_in_bytes",
        "/groups/user/memory.max",
        "/groups/memory.max",
    ]


def test_system_without_control_groups_has_the_limit_of_the_machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    absent = tmp_path_factory.mktemp("proc") / "cgroup"

    assert [str(path) for path in files_of_limits(absent, Path("/groups"))] == ["/groups/memory.max"]
