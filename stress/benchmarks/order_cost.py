"""What orders cost the exchange: those a second, and the CPU time of each."""

from typing import NamedTuple

from stress.gauges import exchange_seconds_of
from stress.server import RunningServer


class Round(NamedTuple):
    """Orders a second, and the microseconds that each cost the exchange."""

    per_second: float
    exchange_us: int


class ExchangeWork:
    """The CPU time of a server's exchange from now on."""

    def __init__(self, server: RunningServer) -> None:
        self._process_id = server.process.pid
        self._before = exchange_seconds_of(self._process_id)

    def us_each(self, orders: float) -> int:
        """Return the microseconds that each of these orders took."""
        return round(1e6 * (exchange_seconds_of(self._process_id) - self._before) / orders)
