"""A whole venue keeps time: what is due happens by the system's clock, without any request."""

from pathlib import Path
from time import time_ns

from order_engine.bootstrap.venue import Venue
from order_engine.matching.commands import SelfTradePrevention
from order_engine.settings import Settings
from order_engine.wire.timestamps import format_timestamp
from tests.integration.api.orders import answered, buy, place
from tests.unit.exchange.exchanges import wait_until


def test_order_ends_at_its_time_by_the_system_s_clock(tmp_path: Path) -> None:
    settings = Settings.from_environment({"DATA_DIR": str(tmp_path), "SNAPSHOT_INTERVAL_SEC": "0"})
    venue = Venue(settings, follows_in_thread=True)
    try:
        venue.start()
        assert venue.wait_started(30)
        client = venue.app.test_client()
        order = place(client, buy(time_in_force="GTD", expire_at=format_timestamp(time_ns() + 300_000_000)))

        # The timer's own command is the next in the journal.
        wait_until(lambda: venue.exchange.visible_sequence > order["sequence"])
        minimum = {"X-Min-Sequence": str(venue.exchange.visible_sequence)}
        response = client.get(f"/orders/{order['order_id']}", headers=minimum)

        assert answered(response)["status"] == "EXPIRED"
        assert answered(response)["updated_at"] >= order["expire_at"]
    finally:
        venue.close()


def test_configured_mode_of_self_trade_prevention_is_that_of_the_environment(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path), "SELF_TRADE_PREVENTION": "cancel_both"}

    settings = Settings.from_environment(environment)

    assert settings.matching.self_trade_prevention is SelfTradePrevention.CANCEL_BOTH
    assert Settings.from_environment({}).matching.self_trade_prevention is SelfTradePrevention.NONE
