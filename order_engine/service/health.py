"""Health: what state the exchange is in, part by part."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from order_engine.service.exchange import Exchange, Phase
from order_engine.service.recovery import Progress

OK = "ok"


class HealthStatus(StrEnum):
    """The whole in one word."""

    OK = "ok"
    STARTING = "starting"
    DEGRADED = "degraded"
    HALTED = "halted"
    CLOSED = "closed"


class HealthReport(NamedTuple):
    """The whole, and each part: ``ok`` or why not; while it starts, how far recovery has come."""

    status: HealthStatus
    parts: dict[str, str]
    progress: Progress


class Health:
    """Asks the parts. ``parts`` name things that the exchange can do without for a while; each says ok or why not."""

    def __init__(
        self, exchange: Exchange, parts: Mapping[str, Callable[[], str]], progress: Callable[[], Progress]
    ) -> None:
        self._exchange = exchange
        self._parts = parts
        self._progress = progress

    def report(self) -> HealthReport:
        """Look at everything now."""
        parts = {"exchange": self._exchange_part()} | {name: part() for name, part in self._parts.items()}
        return HealthReport(self._status(parts), parts, self._progress())

    def _status(self, parts: Mapping[str, str]) -> HealthStatus:
        phase = self._exchange.phase
        if phase is not Phase.OPEN:
            return HealthStatus(phase)
        return HealthStatus.OK if all(part == OK for part in parts.values()) else HealthStatus.DEGRADED

    def _exchange_part(self) -> str:
        phase, fault = self._exchange.phase, self._exchange.fault
        if fault is not None:
            return f"{phase}: {type(fault).__name__}: {fault}"
        return OK if phase is Phase.OPEN else phase
