"""Users: what they hold, and for admins their limits and the switch that stops them."""

from flask import Blueprint

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.stored_rendering import StoredRenderer
from order_engine.api.plumbing.submission import submit
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import DisableUser, EnableUser
from order_engine.matching.events import OrderCanceled, RiskLimitsChanged
from order_engine.queries.queries import Queries
from order_engine.wire import rendering
from order_engine.wire.form import disable_user, enable_user, set_risk_limits
from order_engine.wire.messages.users import Positions, RiskLimits, User

POSITIONS = Operation(
    summary="Show what a user holds, or held, by symbol",
    description="By the method of average cost, from trades alone. A short position is negative, its cost too. Money "
    "and averages are rounded half-even to 8 decimals from exact totals.",
    responses={200: Positions},
    waits_for_database=True,
    problems=(404,),
)
SHOW_LIMITS = Operation(
    summary="Show the limits that a user is held to",
    description="The user `*` is everybody without limits of their own.",
    responses={200: RiskLimits},
    problems=(404,),
)
SET_LIMITS = Operation(
    summary="Limit a user in each symbol",
    description="Replaces the user's limits whole: what is not named is not limited. The user `*` is everybody without "
    "limits of their own.",
    access=Access.ADMIN,
    body=forms.SET_RISK_LIMITS,
    responses={200: RiskLimits},
    problems=(404, 422),
)
DISABLE = Operation(
    summary="Cancel all orders of a user and take no more",
    access=Access.ADMIN,
    responses={200: User},
    problems=(404, 422),
)
ENABLE = DISABLE._replace(summary="Take orders of a user again")


class Users:
    """Shows and limits users."""

    def __init__(self, exchange: Exchange, queries: Queries, renderer: StoredRenderer) -> None:
        self._exchange = exchange
        self._queries = queries
        self._renderer = renderer

    def positions(self, _: ParsedRequest, user_id: str) -> JsonResponse:
        """Show what a user holds."""
        held = self._queries.positions(user_id)
        return json_response(Positions(user_id, [self._renderer.position(position) for position in held]))

    def risk_limits(self, _: ParsedRequest, user_id: str) -> JsonResponse:
        """Show the limits that apply to a user."""
        standing = self._exchange.standing(user_id)
        return json_response(
            rendering.risk_limits(user_id, standing.limits, is_own=standing.is_own, is_enabled=standing.is_enabled)
        )

    def set_risk_limits(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """Limit a user."""
        submission = submit(self._exchange, (set_risk_limits({"user_id": user_id, **parsed.fields}),), parsed)
        event = submission.events[0][-1]
        assert isinstance(event, RiskLimitsChanged)
        limits = rendering.risk_limits(user_id, event.limits, is_own=True, is_enabled=not event.is_disabled)
        return json_response(limits, 200, submission.headers)

    def disable(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """Stop a user."""
        return self._switch(parsed, disable_user({"user_id": user_id}), is_enabled=False)

    def enable(self, parsed: ParsedRequest, user_id: str) -> JsonResponse:
        """Let a user go on."""
        return self._switch(parsed, enable_user({"user_id": user_id}), is_enabled=True)

    def _switch(self, parsed: ParsedRequest, command: DisableUser | EnableUser, *, is_enabled: bool) -> JsonResponse:
        submission = submit(self._exchange, (command,), parsed)
        canceled = [event.order.order_id for event in submission.events[0] if isinstance(event, OrderCanceled)]
        return json_response(User(command.user_id, is_enabled, canceled), 200, submission.headers)


def create_users_blueprint(routes: Routes, exchange: Exchange, queries: Queries, renderer: StoredRenderer) -> Blueprint:
    """Serve positions, limits and the switch."""
    blueprint = Blueprint("users", __name__)
    users = Users(exchange, queries, renderer)
    routes.add(blueprint, "GET", "/positions/<path:user_id>", users.positions, POSITIONS)
    routes.add(blueprint, "GET", "/risk-limits/<path:user_id>", users.risk_limits, SHOW_LIMITS)
    routes.add(blueprint, "PUT", "/risk-limits/<path:user_id>", users.set_risk_limits, SET_LIMITS)
    routes.add(blueprint, "POST", "/users/<path:user_id>/disable", users.disable, DISABLE)
    routes.add(blueprint, "POST", "/users/<path:user_id>/enable", users.enable, ENABLE)
    return blueprint
