"""Users: positions and risk limits; admins set limits and disable users."""

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.database_reads import DatabaseReads
from order_engine.api.plumbing.ended_together import when_all_are_ended
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.stored_rendering import StoredRenderer
from order_engine.api.plumbing.submission import submit
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import DisableUser, EnableUser, SetRiskLimits
from order_engine.matching.events import RiskLimitsChanged, UserEnabled
from order_engine.queries.queries import Queries
from order_engine.wire import rendering
from order_engine.wire.form import command_of
from order_engine.wire.messages.users import Positions, RiskLimits, User

POSITIONS = Operation(
    summary="Show a user's positions by symbol",
    description="Positions are computed from trades by the average cost method. A short position has a negative "
    "quantity and cost. Amounts and averages are rounded half-even to 8 decimals from exact totals. At most 1,000, "
    "with a `next_cursor` if there are more.",
    query=forms.POSITIONS,
    responses={200: Positions},
    waits_for_database=True,
    problems=(404,),
)
SHOW_LIMITS = Operation(
    summary="Show a user's risk limits",
    description="The limits of the user `*` apply to every user without own limits.",
    responses={200: RiskLimits},
    problems=(404,),
)
SET_LIMITS = Operation(
    summary="Set a user's risk limits, which apply per symbol",
    description="Replaces all limits of the user: a limit that is not sent is removed. The limits of the user `*` "
    "apply to every user without own limits.",
    access=Access.ADMIN,
    body=forms.SET_RISK_LIMITS,
    responses={200: RiskLimits},
    problems=(404, 422),
)
DISABLE = Operation(
    summary="Disable a user: cancel all their orders and refuse new ones",
    description="Very many are canceled a part at a time; the response comes when all are, and names them all. "
    "The user `*` is everybody, orders without a user included.",
    access=Access.ADMIN,
    responses={200: User},
    problems=(404, 422),
)
ENABLE = DISABLE._replace(
    summary="Enable a user again",
    description="While everybody, `*`, is disabled, `is_enabled` stays false. Enabling `*` leaves users disabled "
    "who were disabled alone.",
)


class Users:
    """Shows positions, and shows and sets limits."""

    def __init__(self, exchange: Exchange, queries: Queries, database: DatabaseReads, renderer: StoredRenderer) -> None:
        self._exchange = exchange
        self._queries = queries
        self._database = database
        self._renderer = renderer

    def get_positions(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """Show a page of a user's positions."""
        limit = parsed.query.get("limit", forms.LIMIT_MAX)
        held, next_cursor = self._queries.positions(user_id, limit, parsed.query.get("cursor"))
        return json_response(Positions(user_id, [self._renderer.position(position) for position in held], next_cursor))

    def get_risk_limits(self, _: ParsedRequest, user_id: str) -> JsonResponse:
        """Show the limits that apply to a user."""
        standing = self._exchange.standing(user_id)
        return json_response(
            rendering.risk_limits(user_id, standing.limits, is_own=standing.is_own, is_enabled=standing.is_enabled)
        )

    def set_risk_limits(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """Set a user's limits."""
        command = command_of(SetRiskLimits, {"user_id": user_id, **parsed.fields})
        submission = submit(self._exchange, (command,), parsed)
        event = submission.events[0][-1]
        assert isinstance(event, RiskLimitsChanged)
        limits = rendering.risk_limits(user_id, event.limits, is_own=True, is_enabled=not event.is_disabled)
        return json_response(limits, 200, submission.headers)

    def disable_user(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """Disable a user."""
        return self._switch(parsed, DisableUser(user_id=user_id))

    def enable_user(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """Enable a user."""
        return self._switch(parsed, EnableUser(user_id=user_id))

    def _switch(self, parsed: ParsedRequest, command: DisableUser | EnableUser) -> JsonResponse:
        submission = submit(self._exchange, (command,), parsed)
        enabled = next((event for event in submission.events[0] if isinstance(event, UserEnabled)), None)
        is_enabled = enabled is not None and enabled.is_disabled is not True

        def respond(canceled: list[str], headers: dict[str, str]) -> JsonResponse:
            return json_response(User(command.user_id, is_enabled, canceled), 200, headers)

        return when_all_are_ended(self._exchange, self._database, submission, respond)


def create_users_blueprint(
    routes: Routes, exchange: Exchange, queries: Queries, database: DatabaseReads, renderer: StoredRenderer
) -> Blueprint:
    """Serve positions, limits, and disabling and enabling."""
    blueprint = Blueprint("users", __name__)
    users = Users(exchange, queries, database, renderer)
    routes.add(blueprint, "GET", "/positions/<path:user_id>", users.get_positions, POSITIONS)
    routes.add(blueprint, "GET", "/risk-limits/<path:user_id>", users.get_risk_limits, SHOW_LIMITS)
    routes.add(blueprint, "PUT", "/risk-limits/<path:user_id>", users.set_risk_limits, SET_LIMITS)
    routes.add(blueprint, "POST", "/users/<path:user_id>/disable", users.disable_user, DISABLE)
    routes.add(blueprint, "POST", "/users/<path:user_id>/enable", users.enable_user, ENABLE)
    return blueprint
