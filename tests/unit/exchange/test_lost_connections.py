"""Orders that end with their connection: canceled once it is lost, or by the next start if the exchange was too."""

from functools import partial

from order_engine.matching.commands import CancelOrder
from order_engine.matching.reason import Reason
from tests.builders import buy, cancel, sell
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import Opened, opened, recovery_on

bound_buy = partial(buy, cancel_on_disconnect=True)


def test_orders_of_a_lost_connection_are_canceled_for_that_reason_and_others_stay() -> None:
    with opened(FakeDisk()) as found:
        found.carry_out(bound_buy(), buy(), bound_buy())

        found.exchange.cancel_disconnected(["2", "3", "4", "99"])

        ended = found.exchange.ended_order("2")
        assert ended is not None
        assert ended.state.reason is Reason.DISCONNECT
        assert live_orders(found) == [3]
        assert found.exchange.applied_sequence == 6


def test_orders_that_ended_before_their_connection_are_passed_over() -> None:
    with opened(FakeDisk()) as found:
        found.carry_out(bound_buy(), cancel("2"), bound_buy(quantity="1"), sell(quantity="1"))

        found.exchange.cancel_disconnected(["2", "4"])

        assert found.exchange.applied_sequence == 5


def test_start_cancels_the_orders_whose_connection_died_with_the_process() -> None:
    disk = FakeDisk()
    with opened(disk) as found:
        found.carry_out(bound_buy(price="99.00"), buy(), sell(price="101.00", cancel_on_disconnect=True))

    survivor = disk.crash()
    for _ in range(2):
        with opened(survivor) as restarted:
            assert live_orders(restarted) == [3]
            assert restarted.exchange.visible_sequence == 6

    recovery = recovery_on(survivor)
    journaled = [applied.record.commands for applied in recovery.history(4, recovery.latest().end.last_sequence)]
    assert journaled == [(CancelOrder(order_id=order_id, on_disconnect=True),) for order_id in ("2", "4")]


def live_orders(found: Opened) -> list[int | str]:
    return list(found.exchange._state.engine.live.by_key)
