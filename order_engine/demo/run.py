"""Runs the demo: on an exchange of its own, or on a running one that nobody uses yet."""

import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from order_engine.demo.connections import Connection, HttpConnection
from order_engine.demo.history import trade_in_the_past
from order_engine.demo.kinds import kind_of
from order_engine.demo.pace import MarketPace
from order_engine.demo.replay import StreamReplay
from order_engine.demo.served import demo_environment, served
from order_engine.demo.traders import Traders
from order_engine.server.address import require_address
from order_engine.settings import Settings

ANY_ADDRESS = ("0.0.0.0", "::")


class InUse(click.ClickException):
    """The exchange is used by others."""


class Options(NamedTuple):
    """What the command line asks for; ``url`` None means an exchange of the demo's own."""

    symbols: tuple[str, ...]
    speed: int
    seed: int
    replay: Path | None
    url: str | None


def run_demo(options: Options) -> None:
    """Trade, or play a stream, until interrupted; raise InUse if others use the exchange."""
    markets = [Traders(symbol, kind_of(symbol), options.seed) for symbol in options.symbols]
    with _exchange(options, markets) as connection:
        if options.replay is None:
            pauses = [kind_of(symbol).pause_ms for symbol in options.symbols]
            MarketPace(list(zip(markets, pauses, strict=True)), options.speed).run(connection)
            return
        with options.replay.open("rb") as stream:
            played = StreamReplay(connection, options.speed).play(stream)
        _say(f"{played.sent} commands played, {played.refused} of them refused, {played.unread} lines not read")
        if options.url is None:
            _say("The exchange stays open until Ctrl-C")
            signal.pause()


def require_unused(connection: Connection) -> None:
    """Raise InUse unless the exchange is new."""
    listed = connection.send("GET", "/instruments").content.get("instruments")
    if listed != []:
        raise InUse("--url: found an exchange that others use, or no exchange; expected one without instruments")


@contextmanager
def _exchange(options: Options, markets: Sequence[Traders]) -> Iterator[Connection]:
    if options.url is not None:
        connection = HttpConnection(options.url)
        require_unused(connection)
        if options.replay is None:
            for traders in markets:
                traders.open(connection)
        _say(f"Trading at {options.url}  (Ctrl-C ends it)")
        yield connection
        return
    with tempfile.TemporaryDirectory(prefix="order-engine-demo-") as directory:
        environment = demo_environment(directory)
        settings = Settings.from_environment(environment)
        require_address(settings)
        url = _url(settings)
        if options.replay is None:
            _say("Trading the past hours ...")
            trade_in_the_past(environment, markets)
        with served(environment, url) as connection:
            page = url if options.replay else f"{url}/#{options.symbols[0]}"
            _say(f"Ready: {page}  (Ctrl-C ends it, and removes its data)")
            yield connection


def _url(settings: Settings) -> str:
    host = "localhost" if settings.host in ANY_ADDRESS or settings.is_loopback else settings.host
    return f"http://{host}:{settings.port}"


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
