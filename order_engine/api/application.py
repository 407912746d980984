"""The whole API on an app: every blueprint, at ``/`` and at ``/api/v1``."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Flask

from order_engine.api.plumbing.freshness import WAIT_SECONDS, Freshness
from order_engine.api.plumbing.keys import KeyRing
from order_engine.api.plumbing.operation import BODY_BYTES_MAX, Entrance
from order_engine.api.plumbing.problem_handlers import install_problem_handlers
from order_engine.api.plumbing.rendering import Renderer
from order_engine.api.plumbing.request_ids import RequestIds
from order_engine.api.plumbing.retries import PREFIX
from order_engine.api.resources.admin import create_admin_blueprint
from order_engine.api.resources.documents import create_documents_blueprint
from order_engine.api.resources.health import Parts, Progress, create_health_blueprint
from order_engine.api.resources.instruments import create_instruments_blueprint
from order_engine.api.resources.market import create_market_blueprint
from order_engine.api.resources.order_changes import create_order_changes_blueprint
from order_engine.api.resources.order_entry import create_order_entry_blueprint
from order_engine.api.resources.order_history import OrderHistory
from order_engine.api.resources.order_reads import create_order_reads_blueprint
from order_engine.api.resources.trades import create_trades_blueprint
from order_engine.api.resources.users import create_users_blueprint
from order_engine.exchange.clock import Clock
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.snapshots import SnapshotHeader
from order_engine.followers.progress import Progress as FollowersProgress
from order_engine.queries.queries import Queries


class Services(NamedTuple):
    """What the API works with."""

    exchange: Exchange
    queries: Queries
    progress: FollowersProgress
    take_snapshot: Callable[[], SnapshotHeader]
    clock: Clock
    health_parts: Parts
    recovery_progress: Progress
    wait_seconds: float = WAIT_SECONDS


def install_api(app: Flask, services: Services, api_key: str | None) -> None:
    """Serve the API from an app."""
    exchange, queries = services.exchange, services.queries
    freshness = Freshness(exchange, services.progress.wait_shown, services.wait_seconds)
    renderer = Renderer(exchange.tick_size_e8)
    history = OrderHistory(exchange, queries, freshness, renderer)
    entrance = Entrance(KeyRing(api_key))
    blueprints = (
        create_order_entry_blueprint(entrance, exchange, renderer),
        create_order_changes_blueprint(entrance, exchange, history, renderer),
        create_order_reads_blueprint(entrance, history),
        create_trades_blueprint(entrance, queries, freshness, renderer),
        create_market_blueprint(entrance, exchange, freshness, queries, services.clock, renderer),
        create_instruments_blueprint(entrance, exchange, freshness),
        create_users_blueprint(entrance, exchange, queries, freshness, renderer),
        create_admin_blueprint(entrance, services.take_snapshot),
        create_health_blueprint(entrance, exchange, services.health_parts, services.recovery_progress),
        create_documents_blueprint(entrance),
    )
    # A redirect to the path that was meant would be a page of HTML.
    app.url_map.merge_slashes = False
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, url_prefix=PREFIX, name=f"{blueprint.name}_v1")
    app.config["MAX_CONTENT_LENGTH"] = BODY_BYTES_MAX
    request_ids = RequestIds()
    app.after_request(request_ids.add_to)
    install_problem_handlers(app, request_ids)
