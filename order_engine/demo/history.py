"""A past for the demo: a few hours of trading, done by the same traders before the exchange opens."""

import time
from collections.abc import Mapping, Sequence

import click

from order_engine.bootstrap.venue import Venue
from order_engine.demo.connections import AppConnection
from order_engine.demo.traders import Traders
from order_engine.settings import Settings

TURNS = 240
TURN_SECONDS = 30
# Each turn of the past stands for as many of the present.
WEIGHT = 16
NS_PER_SECOND = 1_000_000_000


class PastClock:
    """A clock that stands still until it is moved on."""

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Return nanoseconds since 1970, UTC."""
        return self._now_ns

    def move_on(self, seconds: int) -> None:
        """Let time pass."""
        self._now_ns += seconds * NS_PER_SECOND


class NoHistory(click.ClickException):
    """The exchange of the past did not start."""


def trade_in_the_past(environment: Mapping[str, str], markets: Sequence[Traders], turns: int = TURNS) -> None:
    """Let the traders trade in the exchange of this environment, on a clock that ends with the present."""
    clock = PastClock(time.time_ns() - (turns + 1) * TURN_SECONDS * NS_PER_SECOND)
    settings = Settings.from_environment({**environment, "JOURNAL_SYNC": "off", "SNAPSHOT_INTERVAL_SEC": "0"})
    venue = Venue(settings, clock=clock, follows_in_thread=True)
    try:
        venue.start()
        if not venue.wait_started():
            raise NoHistory(str(venue.exchange.fault))
        connection = AppConnection(venue.app.test_client())
        for traders in markets:
            traders.open(connection)
        for turn in range(turns):
            clock.move_on(TURN_SECONDS)
            # The slower half of the markets acts every fourth time.
            for place, traders in enumerate(markets):
                if place < 2 or turn % 4 == 0:
                    traders.turn(connection, WEIGHT)
        for traders in markets:
            traders.requote(connection)
    finally:
        venue.close()
