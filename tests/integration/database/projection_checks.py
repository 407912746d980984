"""What every test of the projector does: publish, wait, and compare the tables with the journal."""

from threading import Event

from order_engine.database.database import Database
from order_engine.exchange.applied import Applied
from order_engine.followers.sql.projector import Projector
from order_engine.queries.queries import Queries
from tests.integration.database.market import Market

WAIT_SECONDS = 20


class Halt:
    """Hears of a fault, and lets a test wait for it."""

    def __init__(self) -> None:
        self.faults: list[Exception] = []
        self._heard = Event()

    def __call__(self, fault: Exception) -> None:
        self.faults.append(fault)
        self._heard.set()

    def wait(self) -> Exception:
        assert self._heard.wait(WAIT_SECONDS)
        return self.faults[0]


def publish(projector: Projector, records: list[Applied]) -> None:
    for applied in records:
        projector.publish(applied)


def assert_projected(database: Database, market: Market) -> None:
    """Rows and journal agree, to the last trade."""
    stored = Queries(database).orders(limit=100_000).orders
    assert {entry.order.sequence: entry.order for entry in stored} == market.last_states()
    trades = Queries(database).trades(limit=100_000).trades
    assert sum(trade.quantity_e8 for trade in trades) == market.trade_volume_e8()
    if trades:
        assert Queries(database).statistics("AAPL", market.now_ns).volume_e8 == market.trade_volume_e8()


def wait_through_trouble(projector: Projector, sequence: int) -> None:
    """Wait as a patient reader does, who asks again while the database is away."""
    pause = Event()
    for _ in range(WAIT_SECONDS * 50):
        if projector.wait_projected(sequence, 1):
            return
        pause.wait(0.02)
    raise AssertionError("not in time")
