"""What the exchange does where a command has left orders to be ended: it goes on by itself, also after a restart."""

from collections.abc import Sequence

import pytest

from order_engine.exchange import remembered_answers
from order_engine.exchange.errors import ExpiryUnderWay
from order_engine.exchange.exchange import Submitted
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.journal.record import Record, Retry
from order_engine.matching.commands import (
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    Continue,
    DisableUser,
    ExpireDue,
    PlaceOrder,
    SetState,
)
from order_engine.matching.events import OrderCanceled
from tests.builders import buy, session
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import START_NS, FakeClock, Opened, opened

SETTINGS = Configure(trades_max=100, endings_max=2)
FIVE = [f"o{number}" for number in range(1, 6)]
RETRY = Retry(scope="ann", key="k", fingerprint="f")


@pytest.fixture
def disk() -> FakeDisk:
    return FakeDisk()


def five(**terms: object) -> list[PlaceOrder]:
    return [buy(quantity="1", order_id=name, user_id="ann", **terms) for name in FIVE]  # type: ignore[arg-type]


def journaled(found: Opened) -> list[Command]:
    found.exchange.wait_visible(found.exchange.applied_sequence)
    history = found.recovery.history(0, found.exchange.applied_sequence)
    return [command for applied in history for command in applied.record.commands]


def canceled(answer: Submitted) -> list[str]:
    first = [event.order.order_id for event in answer.applied.events[0] if isinstance(event, OrderCanceled)]
    return first + (answer.rest.order_ids if answer.rest else [])


def test_request_ends_the_rest_itself_one_record_at_a_time(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        found.carry_out(*five())

        answer = found.carry_out(CancelAll(user_id="ann"))
        before = canceled(answer)
        assert answer.rest is not None
        is_left = [found.exchange.go_on(answer.rest) for _ in range(3)]

        assert before == ["o1", "o2"]
        assert is_left == [True, False, False]
        assert canceled(answer) == FIVE
        assert answer.rest.last_sequence == found.exchange.applied_sequence
        begun_by = answer.applied.record.sequence
        assert journaled(found)[-3:] == [CancelAll(user_id="ann"), *[Continue(begun_by=begun_by)] * 2]


def test_request_is_told_what_the_timekeeper_ended(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        found.carry_out(*five())
        answer = found.carry_out(DisableUser(user_id="ann"))

        due_ns = found.exchange.keep_time()
        found.carry_out(buy(quantity="1", user_id="bob"))
        last_due_ns = found.exchange.keep_time()

        assert due_ns == START_NS
        assert last_due_ns is None
        assert canceled(answer) == FIVE
        assert answer.rest is not None
        assert not found.exchange.go_on(answer.rest)


def test_retry_is_told_of_all_orders_at_any_time(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        found.carry_out(*five())
        first = found.carry_out(CancelAll(user_id="ann"), retry=RETRY)
        found.exchange.keep_time()

        halfway = found.carry_out(CancelAll(user_id="ann"), retry=RETRY)
        found.exchange.keep_time()
        at_the_end = found.carry_out(CancelAll(user_id="ann"), retry=RETRY)

        assert halfway.replayed
        assert halfway.rest is not None
        assert at_the_end.rest is None
        assert canceled(first) == canceled(halfway) == canceled(at_the_end) == FIVE


def test_rest_is_ended_after_a_restart_and_the_retry_is_told(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        found.carry_out(*five())
        found.carry_out(DisableUser(user_id="ann"), retry=RETRY)
    with opened(disk, settings=SETTINGS) as found:
        found.exchange.keep_time()
        found.exchange.keep_time()

        again = found.carry_out(DisableUser(user_id="ann"), retry=RETRY)

        assert canceled(again) == FIVE
        assert found.exchange.keep_time() is None
        found.exchange.wait_visible(found.exchange.applied_sequence)
        replayed = found.recovery.replay(None)
        assert state_hash(replayed.dump()) == state_hash(found.recovery.state_at(replayed.sequence).dump())
        assert not replayed.engine.live.by_key


@pytest.mark.parametrize("packed_min", [1, 1_000])
def test_answer_that_grows_is_dumped_as_it_is_told(monkeypatch: pytest.MonkeyPatch, packed_min: int) -> None:
    monkeypatch.setattr(remembered_answers, "SMALL_EVENTS_MAX", 3)
    monkeypatch.setattr(remembered_answers, "PACKED_EVENTS_MIN", packed_min)
    state = ExchangeState()
    for name, commands in (("s", [SETTINGS]), ("o", five()), ("k", [CancelAll(user_id="ann")])):
        take(state, commands, Retry(scope="ann", key=name, fingerprint="f"))
    begun_by = state.sequence
    take(state, five(), Retry(scope="ann", key="later", fingerprint="f"))

    for _ in range(2):
        take(state, [Continue(begun_by=begun_by)], None)
        loaded = ExchangeState.load(state.dump())
        assert state_hash(loaded.dump()) == state_hash(state.dump())
        assert [*loaded.answers._large.answers] == [*state.answers._large.answers]

    answer = state.answers.find(RETRY, 1)
    assert answer is not None
    assert [event.order.order_id for event in answer.events[0] if isinstance(event, OrderCanceled)] == FIVE


def take(state: ExchangeState, commands: Sequence[Command], retry: Retry | None) -> None:
    state.apply(Record(sequence=state.sequence + 1, timestamp_ns=1, commands=tuple(commands), retry=retry))


def test_session_is_left_only_after_the_orders_of_its_day_are_ended(disk: FakeDisk) -> None:
    with opened(disk, settings=SETTINGS) as found:
        found.carry_out(*five(time_in_force="DAY"))
        closed = found.carry_out(session("CLOSED"))

        reopened = found.carry_out(session("OPEN"))

        assert len(reopened.applied.events[0]) == 1
        more = Continue(begun_by=closed.applied.record.sequence)
        assert journaled(found)[-4:] == [session("CLOSED"), more, more, session("OPEN")]


def test_orders_wait_while_very_many_expire_and_cancels_do_not(disk: FakeDisk) -> None:
    clock = FakeClock()
    with opened(disk, settings=SETTINGS, clock=clock) as found:
        found.carry_out(*five(expire_at=START_NS + 10))
        found.carry_out(buy(order_id="stays"))
        clock.now = START_NS + 10

        with pytest.raises(ExpiryUnderWay):
            found.exchange.submit([buy()])
        with pytest.raises(ExpiryUnderWay):
            found.exchange.submit([session("OPEN")])
        found.carry_out(CancelOrder(order_id="stays"))
        found.carry_out(buy(order_id="new"))

        assert [type(command) for command in journaled(found)[7:]] == [ExpireDue] * 2 + [CancelOrder, PlaceOrder]
        assert found.exchange.live_order("new") is not None


def test_timekeeper_expires_very_many_one_record_at_a_time(disk: FakeDisk) -> None:
    clock = FakeClock()
    with opened(disk, settings=SETTINGS, clock=clock) as found:
        found.carry_out(*five(expire_at=START_NS + 10))
        clock.now = START_NS + 10

        due = [found.exchange.keep_time() for _ in range(3)]

        assert due == [START_NS + 10, START_NS + 10, None]
        assert journaled(found)[-3:] == [ExpireDue()] * 3
        assert not any(isinstance(command, SetState) for command in journaled(found))
