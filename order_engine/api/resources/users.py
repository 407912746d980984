"""Users: what they hold, and for admins their limits and the switch that stops them."""

from flask import Blueprint, Response

from order_engine.api.plumbing import answers, rendering, schemas
from order_engine.api.plumbing.freshness import Freshness
from order_engine.api.plumbing.keys import Access
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.rendering import Renderer
from order_engine.api.plumbing.responses import answer
from order_engine.api.plumbing.submission import submit
from order_engine.exchange.exchange import Exchange
from order_engine.matching.commands import DisableUser, EnableUser
from order_engine.matching.events import OrderCanceled, RiskLimitsChanged
from order_engine.queries.queries import Queries
from order_engine.wire.form import disable_user, enable_user, set_risk_limits

POSITIONS = Operation(
    summary="Show what a user holds, or held, by symbol",
    description="By the method of average cost, from trades alone. A short position is negative, its cost too. Money "
    "and averages are rounded half-even to 8 decimals from exact totals.",
    answers={200: answers.Positions()},
    problems=(404,),
)
SHOW_LIMITS = Operation(
    summary="Show the limits that a user is held to",
    description="The user `*` is everybody without limits of their own.",
    answers={200: answers.RiskLimits()},
    problems=(404,),
)
SET_LIMITS = Operation(
    summary="Limit a user in each symbol",
    description="Replaces the user's limits whole: what is not named is not limited. The user `*` is everybody without "
    "limits of their own.",
    access=Access.ADMIN,
    body=schemas.SET_RISK_LIMITS,
    answers={200: answers.RiskLimits()},
    problems=(404, 409, 422),
)
DISABLE = Operation(
    summary="Cancel all orders of a user and take no more",
    access=Access.ADMIN,
    answers={200: answers.User()},
    problems=(404, 409, 422),
)
ENABLE = DISABLE._replace(summary="Take orders of a user again")


class Users:
    """Shows and limits users."""

    def __init__(self, exchange: Exchange, queries: Queries, freshness: Freshness, renderer: Renderer) -> None:
        self._exchange = exchange
        self._queries = queries
        self._freshness = freshness
        self._renderer = renderer

    def positions(self, asked: Asked, user_id: str) -> Response:
        """Show what a user holds."""
        self._freshness.of_database(asked.min_sequence)
        held = self._queries.positions(user_id)
        return answer({"user_id": user_id, "positions": [self._renderer.position(position) for position in held]})

    def risk_limits(self, asked: Asked, user_id: str) -> Response:
        """Show the limits that apply to a user."""
        self._freshness.of_book(asked.min_sequence)
        standing = self._exchange.standing(user_id)
        content = {"user_id": user_id, "is_own": standing.is_own, "is_enabled": standing.is_enabled}
        return answer(content | rendering.risk_limits(standing.limits))

    def set_risk_limits(self, asked: Asked, user_id: str) -> Response:
        """Limit a user."""
        submission = submit(self._exchange, (set_risk_limits({"user_id": user_id, **asked.fields}),), asked)
        event = submission.events[0][-1]
        assert isinstance(event, RiskLimitsChanged)
        content = {"user_id": user_id, "is_own": True, "is_enabled": not event.is_disabled}
        return answer(content | rendering.risk_limits(event.limits), 200, submission.headers)

    def disable(self, asked: Asked, user_id: str) -> Response:
        """Stop a user."""
        return self._switch(asked, disable_user({"user_id": user_id}), is_enabled=False)

    def enable(self, asked: Asked, user_id: str) -> Response:
        """Let a user go on."""
        return self._switch(asked, enable_user({"user_id": user_id}), is_enabled=True)

    def _switch(self, asked: Asked, command: DisableUser | EnableUser, *, is_enabled: bool) -> Response:
        submission = submit(self._exchange, (command,), asked)
        canceled = [event.order.order_id for event in submission.events[0] if isinstance(event, OrderCanceled)]
        content = {"user_id": command.user_id, "is_enabled": is_enabled, "canceled": canceled}
        return answer(content, 200, submission.headers)


def create_users_blueprint(
    entrance: Entrance, exchange: Exchange, queries: Queries, freshness: Freshness, renderer: Renderer
) -> Blueprint:
    """Serve positions, limits and the switch."""
    blueprint = Blueprint("users", __name__)
    users = Users(exchange, queries, freshness, renderer)
    entrance.add(blueprint, "GET", "/positions/<path:user_id>", users.positions, POSITIONS)
    entrance.add(blueprint, "GET", "/risk-limits/<path:user_id>", users.risk_limits, SHOW_LIMITS)
    entrance.add(blueprint, "PUT", "/risk-limits/<path:user_id>", users.set_risk_limits, SET_LIMITS)
    entrance.add(blueprint, "POST", "/users/<path:user_id>/disable", users.disable, DISABLE)
    entrance.add(blueprint, "POST", "/users/<path:user_id>/enable", users.enable, ENABLE)
    return blueprint
