"""``demo``: serves an exchange with a market that moves."""

import signal
from pathlib import Path

import click

from order_engine.demo.kinds import KINDS
from order_engine.wire.identifiers import parse_symbol

SPEED_MAX = 100
FULL_SPEED = "full"


def _symbols(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(parse_symbol(word.strip()) for word in value.split(",")))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _speed(_context: click.Context, _option: click.Parameter, value: str) -> int:
    """Read a speed; 0 is full speed."""
    if value == FULL_SPEED:
        return 0
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= SPEED_MAX):
        raise click.BadParameter(f"Must be 1 to {SPEED_MAX}, or {FULL_SPEED}.")
    return int(value)


@click.command(short_help="Serve an exchange with a market that moves.")
@click.option("--symbols", default=",".join(KINDS), show_default=True, callback=_symbols, help="What is traded.")
@click.option("--speed", default="1", show_default=True, callback=_speed, help="How many times as fast, or full.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same traders.")
@click.option("--replay", type=click.Path(exists=True, path_type=Path), help="Play a file of NDJSON commands instead.")
@click.option("--url", help="Trade on a running exchange; refused if others use it.")
def demo(*, symbols: tuple[str, ...], speed: int, seed: int, replay: Path | None, url: str | None) -> None:
    """Serve an exchange in a directory that is thrown away, with traders who make its market move. Ctrl-C ends it.

    It listens on HOST and PORT and reads the other settings of serve, but keeps no data and needs no key.
    """
    from order_engine.demo.run import Options, run_demo

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        run_demo(Options(symbols, speed, seed, replay, url))
    except KeyboardInterrupt:
        click.echo("The demo has ended.", err=True)
