"""Whether the service lives, whether it takes orders, and how its parts are."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Blueprint, Response

from order_engine.api.plumbing import answers
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.problems import RETRY_AFTER_SECONDS, Content
from order_engine.api.plumbing.responses import answer
from order_engine.exchange.exchange import Exchange, Phase

Parts = Mapping[str, Callable[[], str]]
Progress = Callable[[], Mapping[str, int]]

OK = "ok"
DEGRADED = "degraded"
STATUS_OF_PHASE = {Phase.OPEN: OK, Phase.STARTING: "starting", Phase.HALTED: "halted", Phase.CLOSED: "closing"}

_ANSWERS = {200: answers.Health(), 503: answers.Health()}
HEALTH = Operation(
    summary="Say how the service and each of its parts are",
    description="200 while orders are taken: `ok`, or `degraded` when a part is not well. 503 when starting, halted or "
    "closing. Each part is `ok` or why not.",
    answers=_ANSWERS,
)
LIVE = Operation(summary="Say that the process lives", answers={200: answers.Health()})
READY = Operation(
    summary="Say whether requests are served",
    description="503 until recovery is done, with its progress in bytes of the journal.",
    answers=_ANSWERS,
)


class Health:
    """Reports; ``parts`` say ``ok`` or why not, ``progress`` how far recovery is."""

    def __init__(self, exchange: Exchange, parts: Parts, progress: Progress) -> None:
        self._exchange = exchange
        self._parts = parts
        self._progress = progress

    def health(self, _: Asked) -> Response:
        """Say how each part is."""
        phase = self._exchange.phase
        parts = {"exchange": self._exchange_part(phase)} | {name: part() for name, part in self._parts.items()}
        status = STATUS_OF_PHASE[phase]
        if status == OK and any(part != OK for part in parts.values()):
            status = DEGRADED
        return _reported({"status": status, **parts}, phase)

    def live(self, _: Asked) -> Response:
        """Say that the process lives."""
        return answer({"status": OK})

    def ready(self, _: Asked) -> Response:
        """Say whether requests are served, and until then how far recovery is."""
        phase = self._exchange.phase
        content: Content = {"status": STATUS_OF_PHASE[phase]}
        if phase is Phase.STARTING:
            content["recovery"] = dict(self._progress())
        return _reported(content, phase)

    def _exchange_part(self, phase: Phase) -> str:
        fault = self._exchange.fault
        if fault is not None:
            return f"halted: {type(fault).__name__}: {fault}"
        return STATUS_OF_PHASE[phase]


def create_health_blueprint(entrance: Entrance, exchange: Exchange, parts: Parts, progress: Progress) -> Blueprint:
    """Serve health under the names that different supervisors ask for."""
    blueprint = Blueprint("health", __name__)
    health = Health(exchange, parts, progress)
    entrance.add(blueprint, "GET", "/health", health.health, HEALTH)
    entrance.add(blueprint, "GET", "/healthz", health.health, HEALTH, name="healthz")
    entrance.add(blueprint, "GET", "/livez", health.live, LIVE)
    entrance.add(blueprint, "GET", "/readyz", health.ready, READY)
    return blueprint


def _reported(content: Content, phase: Phase) -> Response:
    if phase is Phase.OPEN:
        return answer(content)
    return answer(content, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(RETRY_AFTER_SECONDS)})
