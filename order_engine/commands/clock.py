"""``clock``: what an operator says about the clock of a running exchange."""

import time
from threading import Event

import click

from order_engine.commands.environment import settings_of_environment
from order_engine.exchange.clock import SystemClock
from order_engine.exchange.clock_acceptance import ClockAcceptance
from order_engine.wire.timestamps import format_timestamp

PATIENCE_SECONDS = 5.0


@click.group(short_help="Accept a clock that has jumped.")
def clock() -> None:
    """Deal with the clock of a running exchange."""


@clock.command(short_help="Accept the clock as it is now.")
def accept() -> None:
    """Have the exchange that runs on DATA_DIR take the clock for right, as it is now.

    It goes on at that time: orders whose time has passed expire, and schedules are followed. This cannot be undone.
    """
    acceptance, time_ns = ClockAcceptance(settings_of_environment().data_dir), SystemClock().now_ns()
    acceptance.give(time_ns)
    pause, deadline = Event(), time.monotonic() + PATIENCE_SECONDS
    try:
        while acceptance.is_waiting:
            if time.monotonic() > deadline:
                raise click.ClickException("No exchange runs on this DATA_DIR that waits for its clock to be accepted.")
            pause.wait(0.1)
    finally:
        acceptance.remove()
    click.echo(f"The exchange goes on at {format_timestamp(time_ns)}.")
