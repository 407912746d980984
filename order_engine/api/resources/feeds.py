"""The handshakes of WebSockets: they are checked here; the feeds' own process or the server's loop serves them."""

from flask import Blueprint, request

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import ANYBODY, Access, Caller
from order_engine.api.plumbing.keys import unauthorized
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import Problem, invalid, unknown_symbol
from order_engine.api.plumbing.request_guard import RequestGuard
from order_engine.api.plumbing.responses import JsonResponse
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.upgrades import BOOK, ORDERS, ORDERS_OF_BOOK, TRADES, Upgrade, greeting_for, upgraded
from order_engine.exchange.errors import NotReady
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.phase import Phase

BOOK_FEED = Operation(
    summary="Follow an instrument's book and trades (WebSocket)",
    description="A handshake. The messages are described in docs/feeds.md.",
    access=Access.PUBLIC,
    query=forms.BOOK_FEED,
    responses={101: None},
    problems=(403, 404, 426),
)
TRADE_FEED = BOOK_FEED._replace(
    summary="Follow an instrument's trades (WebSocket)",
    query=forms.TRADE_FEED,
)
ORDER_ENTRY = Operation(
    summary="Place, amend and cancel orders, and follow one's own (WebSocket)",
    description="A handshake. The first message must be an auth; the messages are described in docs/feeds.md.",
    access=Access.PUBLIC,
    responses={101: None},
    problems=(403, 426),
)


class FeedHandshakes:
    """Takes handshakes for public feeds, which need no key."""

    def __init__(self, exchange: Exchange, guard: RequestGuard) -> None:
        self._exchange = exchange
        self._guard = guard

    def follow_book(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Begin a feed of a book."""
        levels, orders = parsed.query.get("levels"), parsed.query.get("orders")
        if orders is None:
            upgrade = Upgrade(self._greeting(symbol), BOOK, symbol, levels or forms.LEVELS_DEFAULT)
        elif levels is None:
            _require_admin(parsed.caller)
            upgrade = Upgrade(self._greeting(symbol), ORDERS_OF_BOOK, symbol, orders)
        else:
            raise invalid({"orders": ["A book is shown by its levels or by its orders: name one of them."]})
        return upgraded(request.environ, upgrade)

    def follow_trades(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Begin a feed of trades."""
        since = parsed.query.get("since")
        if since is not None and since > self._exchange.visible_sequence:
            raise invalid({"since": ["No message has given out this sequence yet."]})
        return upgraded(request.environ, Upgrade(self._greeting(symbol), TRADES, symbol, since=since))

    def open_order_socket(self, _: ParsedRequest) -> JsonResponse:
        """Begin a connection for orders."""
        greeting = greeting_for(request.environ)
        self._guard.require_own_origin(request.environ)
        if self._exchange.phase is Phase.STARTING:
            raise NotReady("The exchange is starting.")
        return upgraded(request.environ, Upgrade(greeting, ORDERS, address=request.environ.get("REMOTE_ADDR", "")))

    def _greeting(self, symbol: str) -> bytes:
        greeting = greeting_for(request.environ)
        # A page of another site can open a WebSocket without asking.
        self._guard.require_own_origin(request.environ)
        if self._exchange.instrument(symbol) is None:
            raise unknown_symbol(symbol)
        return greeting


def _require_admin(caller: Caller) -> None:
    """Refuse to show the ids of all orders; raises ``Problem``."""
    if caller is ANYBODY:
        raise unauthorized("A book order by order shows the ids of orders: it needs a key of scope admin.")
    if not caller.is_admin:
        raise Problem("forbidden", "A book order by order shows the ids of orders: it needs a key of scope admin.")


def create_feeds_blueprint(routes: Routes, exchange: Exchange, guard: RequestGuard) -> Blueprint:
    """Serve the handshakes of the feeds."""
    blueprint = Blueprint("feeds", __name__)
    handshakes = FeedHandshakes(exchange, guard)
    routes.add(blueprint, "GET", "/ws/market-data/<symbol>", handshakes.follow_book, BOOK_FEED)
    routes.add(blueprint, "GET", "/ws/trades/<symbol>", handshakes.follow_trades, TRADE_FEED)
    routes.add(blueprint, "GET", "/ws/orders", handshakes.open_order_socket, ORDER_ENTRY)
    return blueprint
