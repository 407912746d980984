"""``follow``: the process of the followers, which the server starts and supervises."""

import click

from order_engine.commands.environment import log_to_standard_error, settings_of_environment


@click.command(short_help="Follow a server's journal (a server starts this by itself).", hidden=True)
@click.argument("control", type=int)
@click.argument("journal_id")
@click.argument("journal_end", type=int)
@click.argument("opened", nargs=-1)
def follow(control: int, journal_id: str, journal_end: int, opened: tuple[str, ...]) -> None:
    """Write database, audit log and snapshots from the journal of the server at the other end of CONTROL."""
    from order_engine.bootstrap.following import run_follower
    from order_engine.server.allocation import return_freed_memory
    from order_engine.server.processors import leave_to_exchange

    settings = settings_of_environment()
    log_to_standard_error(settings)
    leave_to_exchange()
    return_freed_memory()
    run_follower(settings, control, journal_id, journal_end, opened)
