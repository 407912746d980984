"""``feed``: the process of the feeds, which the server starts and supervises."""

import click

from order_engine.commands.environment import log_to_standard_error, settings_of_environment


@click.command(short_help="Serve a server's WebSocket feeds (a server starts this by itself).", hidden=True)
@click.argument("channel", type=int)
@click.option("--hide-ids", "hides_ids", is_flag=True, help="Show no ids of orders in trades.")
def feed(channel: int, *, hides_ids: bool) -> None:
    """Serve the clients that the server at the other end of CHANNEL hands over."""
    from order_engine.bootstrap.feeding import run_feeds
    from order_engine.server.allocation import return_freed_memory
    from order_engine.server.processors import leave_to_exchange

    settings = settings_of_environment()
    log_to_standard_error(settings)
    leave_to_exchange()
    return_freed_memory()
    run_feeds(settings, channel, hides_ids=hides_ids)
