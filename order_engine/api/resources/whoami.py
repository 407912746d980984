"""Who the caller is to the exchange: the key, its user, and what it allows."""

from flask import Blueprint

from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.wire.messages.users import Identity

WHOAMI = Operation(
    summary="Show whose key was sent, and what it allows",
    description="Where the exchange has no keys, everybody is an admin without a user.",
    responses={200: Identity},
)


def create_whoami_blueprint(routes: Routes) -> Blueprint:
    """Serve the identity of the caller."""
    blueprint = Blueprint("whoami", __name__)

    def whoami(parsed: ParsedRequest) -> JsonResponse:
        caller = parsed.caller
        return json_response(Identity(caller.key_id, caller.user_id, caller.access.name.lower()))

    routes.add(blueprint, "GET", "/whoami", whoami, WHOAMI)
    return blueprint
