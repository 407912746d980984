"""Installs the API in an app: every blueprint, at ``/`` and at ``/api/v1``."""

from collections.abc import Callable
from typing import NamedTuple

from order_engine.api.plumbing.database_reads import WAIT_SECONDS, DatabaseReads
from order_engine.api.plumbing.flask_app import ServiceApp
from order_engine.api.plumbing.keys import KeyRing
from order_engine.api.plumbing.operation import BODY_BYTES_MAX
from order_engine.api.plumbing.problem_handlers import install_problem_handlers
from order_engine.api.plumbing.request_guard import GuardedApp, RequestGuard
from order_engine.api.plumbing.retries import PREFIX
from order_engine.api.plumbing.routes import Routes
from order_engine.api.plumbing.stored_rendering import StoredRenderer
from order_engine.api.resources.admin import create_admin_blueprint
from order_engine.api.resources.clock_reads import create_clock_blueprint
from order_engine.api.resources.documents import create_documents_blueprint
from order_engine.api.resources.feeds import create_feeds_blueprint
from order_engine.api.resources.health import Parts, RecoveryProgress, create_health_blueprint
from order_engine.api.resources.instruments import create_instruments_blueprint
from order_engine.api.resources.market import Market, create_market_blueprint
from order_engine.api.resources.order_changes import OrderChanges, create_order_changes_blueprint
from order_engine.api.resources.order_entry import OrderEntry, create_order_entry_blueprint
from order_engine.api.resources.order_history import OrderHistory
from order_engine.api.resources.order_messages import NoDatabase, OrderOperations
from order_engine.api.resources.order_reads import OrderReads, create_order_reads_blueprint
from order_engine.api.resources.trades import create_trades_blueprint
from order_engine.api.resources.users import create_users_blueprint
from order_engine.api.resources.whoami import create_whoami_blueprint
from order_engine.exchange.clock import Clock
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.snapshots import SnapshotHeader
from order_engine.followers.progress import Progress
from order_engine.queries.queries import Queries
from order_engine.wire.rendering import Renderer


class Services(NamedTuple):
    """The objects that the API uses."""

    exchange: Exchange
    queries: Queries
    progress: Progress
    take_snapshot: Callable[[], SnapshotHeader]
    clock: Clock
    accept_clock: Callable[[], int]
    health_parts: Parts
    recovery_progress: RecoveryProgress
    wait_seconds: float = WAIT_SECONDS


def order_operations(services: Services, keys: KeyRing) -> OrderOperations:
    """Return what can be asked for over a WebSocket: the same as over REST."""
    exchange, renderer = services.exchange, Renderer(services.exchange.tick_size_e8)
    history = OrderHistory(exchange, services.queries, renderer)
    changes = OrderChanges(exchange, services.queries, history, NoDatabase(), renderer)
    return OrderOperations(OrderEntry(exchange, renderer), changes, keys)


def install_api(app: ServiceApp, services: Services, keys: KeyRing, guard: RequestGuard) -> None:
    """Register all blueprints and error handlers in an app."""
    exchange, queries = services.exchange, services.queries
    database = DatabaseReads(app, exchange, services.progress, services.wait_seconds)
    renderer = Renderer(exchange.tick_size_e8)
    stored_renderer = StoredRenderer(renderer)
    history = OrderHistory(exchange, queries, renderer)
    routes = Routes(keys, database, guard)
    blueprints = (
        create_order_entry_blueprint(routes, exchange, renderer),
        create_order_changes_blueprint(routes, OrderChanges(exchange, queries, history, database, renderer)),
        create_order_reads_blueprint(routes, OrderReads(exchange, queries, history, database, renderer)),
        create_trades_blueprint(routes, queries, stored_renderer),
        create_market_blueprint(routes, Market(exchange, database, queries, services.clock, stored_renderer)),
        create_feeds_blueprint(routes, exchange, guard),
        create_instruments_blueprint(routes, exchange),
        create_users_blueprint(routes, exchange, queries, database, stored_renderer),
        create_admin_blueprint(routes, services.take_snapshot, services.accept_clock, database),
        create_health_blueprint(
            routes, exchange, services.progress, services.health_parts, services.recovery_progress, keys.is_admin
        ),
        create_clock_blueprint(routes, services.clock),
        create_whoami_blueprint(routes),
        create_documents_blueprint(routes),
    )
    # Werkzeug would answer double slashes with a redirect, an HTML page.
    app.url_map.merge_slashes = False
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, url_prefix=PREFIX, name=f"{blueprint.name}_v1")
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    install_problem_handlers(app, app.request_ids, keys)
    app.wsgi_app = GuardedApp(app.wsgi_app, guard, app.request_ids)  # type: ignore[method-assign]  # Flask's own way
