"""``clock``: accepts the clock of a running exchange after it jumped."""

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
    """Manage the clock of a running exchange."""


@clock.command(short_help="Accept the clock as it is now.")
def accept() -> None:
    """Tell the exchange that runs on DATA_DIR to accept the clock as it is now.

    The exchange continues at that time: orders that are due expire, and schedules apply. This cannot be undone.
    """
    acceptance, time_ns = ClockAcceptance(settings_of_environment().data_dir), SystemClock().now_ns()
    acceptance.give(time_ns)
    pause, deadline = Event(), time.monotonic() + PATIENCE_SECONDS
    try:
        while acceptance.is_waiting:
            if time.monotonic() > deadline:
                raise click.ClickException("No exchange on this DATA_DIR is waiting for its clock to be accepted.")
            pause.wait(0.1)
    finally:
        acceptance.remove()
    click.echo(f"The exchange continues at {format_timestamp(time_ns)}.")
