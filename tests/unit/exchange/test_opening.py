"""Opening the exchange: commands may come the moment its phase is open, before the committer's thread runs."""

from order_engine.exchange.exchange import Exchange
from order_engine.journal.committer import Committer
from order_engine.journal.watermark import MemoryWatermark
from order_engine.matching.commands import Configure
from order_engine.matching.engine import RULES_VERSION
from tests.builders import buy
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import JOURNAL_ID, FakeClock, recovery_on


def test_order_that_comes_before_the_first_commit_ended_does_not_hold_up_the_start() -> None:
    disk, clock = FakeDisk(), FakeClock()
    recovery = recovery_on(disk)
    recovered = recovery.latest()
    exchange = Exchange(clock)

    class Hasty(Committer):
        """Submits an order right after its first commit, before the thread that would commit it is started."""

        def commit(self) -> bool:
            is_moved = super().commit()
            exchange.submit([buy()])
            return is_moved

    journal = Hasty(
        recovery.journal_directory,
        disk,
        end=recovered.end,
        journal_id=JOURNAL_ID,
        rules_version=RULES_VERSION,
        clock=clock.now_ns,
        watermark=MemoryWatermark(),
    )
    exchange.open(recovered.state, journal, Configure())

    assert (exchange.visible_sequence, exchange.applied_sequence) == (1, 2)
