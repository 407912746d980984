"""``process``: applies a stream of NDJSON commands to the matching core alone."""

from typing import Any

import click

from order_engine.commands.environment import settings_of_environment


@click.command(short_help="Apply a stream of NDJSON commands.")
@click.argument("commands", metavar="IN")
@click.option("--trades", metavar="FILE", help="Write every trade, one JSON object a line.")
@click.option("--events", metavar="FILE", help="Write every event, one JSON object a line.")
@click.option("--dead-letters", metavar="FILE", help="Write every line that cannot be read, and why.")
@click.option("--book", metavar="FILE", help="Write all books at the end, every level, as one JSON object.")
@click.option("--progress", is_flag=True, help="Print the progress on standard error every second.")
def process(**options: Any) -> int:  # Any: as click hands them over
    """Apply the commands in the file IN, one JSON object a line, in order and as fast as they come.

    Needs no server, journal or database. IN and FILE may be -, for standard input and output. The summary is printed on
    standard error. From the environment it uses the settings of matching only.
    """
    from order_engine.streams.process import ProcessOptions, run_process

    return run_process(ProcessOptions(**options, settings=settings_of_environment().matching))
