"""Health: liveness, readiness, and the status of each part."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from flask import Blueprint, request

from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.keys import Environ
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import RETRY_AFTER_SECONDS, Content
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.phase import Phase
from order_engine.followers.progress import AUDIT, SQL, Progress
from order_engine.wire.messages import service

Parts = Mapping[str, Callable[[], str]]
RecoveryProgress = Callable[[], Mapping[str, int]]
IsAdmin = Callable[[Environ], bool]

OK = "ok"
DEGRADED = "degraded"
STATUS_OF_PHASE = {Phase.OPEN: OK, Phase.STARTING: "starting", Phase.HALTED: "halted", Phase.CLOSED: "closing"}

PLAIN_WORDS = frozenset({OK, *STATUS_OF_PHASE.values()})

_RESPONSES = {200: service.Health, 503: service.Health}
HEALTH = Operation(
    summary="Show the status of the service and of each part",
    description="200 while orders are accepted: `ok`, or `degraded` if a part has a fault. 503 while starting, halted "
    "or closing. Each part is `ok` or its fault; without an admin's key the fault is only `degraded`. `lag` counts the "
    "commands that the database and the audit log are behind.",
    access=Access.PUBLIC,
    responses=_RESPONSES,
)
LIVE = Operation(
    summary="Check that the process is alive",
    description="503 after a halt, which only a restart ends.",
    access=Access.PUBLIC,
    responses=_RESPONSES,
)
READY = Operation(
    summary="Check that requests are served",
    description="503 until recovery is done, with the progress of recovery in bytes of the journal.",
    access=Access.PUBLIC,
    responses=_RESPONSES,
)


class Health:
    """Reports health. Each of ``parts`` returns ``ok`` or a fault; ``progress`` is the progress of recovery."""

    def __init__(
        self, exchange: Exchange, followers: Progress, parts: Parts, progress: RecoveryProgress, is_admin: IsAdmin
    ) -> None:
        self._exchange = exchange
        self._followers = followers
        self._parts = parts
        self._progress = progress
        self._is_admin = is_admin

    def get_health(self, _: ParsedRequest) -> JsonResponse:
        """Report the status of each part; only admins see the faults."""
        phase = self._exchange.phase
        parts = {"exchange": self._exchange_part(phase)} | {name: part() for name, part in self._parts.items()}
        status = STATUS_OF_PHASE[phase]
        if status == OK and any(part != OK for part in parts.values()):
            status = DEGRADED
        if not self._is_admin(request.environ):
            parts = {name: text if text in PLAIN_WORDS else DEGRADED for name, text in parts.items()}
        lag = {"database": self._followers.lag(SQL), "audit": self._followers.lag(AUDIT)}
        return _reported({"status": status, **parts, "sequence": self._exchange.visible_sequence, "lag": lag}, phase)

    def get_liveness(self, _: ParsedRequest) -> JsonResponse:
        """Report that the process is alive; after a halt it needs a restart."""
        if self._exchange.phase is Phase.HALTED:
            return _reported({"status": STATUS_OF_PHASE[Phase.HALTED]}, Phase.HALTED)
        return json_response({"status": OK})

    def get_readiness(self, _: ParsedRequest) -> JsonResponse:
        """Report whether requests are served, and before that the progress of recovery."""
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


def create_health_blueprint(
    routes: Routes,
    exchange: Exchange,
    followers: Progress,
    parts: Parts,
    progress: RecoveryProgress,
    is_admin: IsAdmin,
) -> Blueprint:
    """Serve health under the paths that supervisors use."""
    blueprint = Blueprint("health", __name__)
    health = Health(exchange, followers, parts, progress, is_admin)
    routes.add(blueprint, "GET", "/health", health.get_health, HEALTH)
    routes.add(blueprint, "GET", "/healthz", health.get_health, HEALTH, name="get_healthz")
    routes.add(blueprint, "GET", "/livez", health.get_liveness, LIVE)
    routes.add(blueprint, "GET", "/readyz", health.get_readiness, READY)
    return blueprint


def _reported(content: Content, phase: Phase) -> JsonResponse:
    if phase is Phase.OPEN:
        return json_response(content)
    return json_response(content, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(RETRY_AFTER_SECONDS)})
