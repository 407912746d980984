"""Output of commands: results on standard output, as text or JSON; progress on standard error."""

import time
from collections.abc import Mapping

import click
import msgspec


def print_result(found: Mapping[str, object], *, as_json: bool) -> None:
    """Print a result as one JSON object, or one line for each field."""
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for name, value in found.items():
        text = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name} {text}")


class ProgressReport:
    """Prints the progress of a command, at most once a second."""

    def __init__(self) -> None:
        self._printed_at = time.monotonic()

    def say(self, line: str) -> None:
        """Print a line, if the last one is at least a second old."""
        now = time.monotonic()
        if now - self._printed_at >= 1:
            self._printed_at = now
            click.echo(line, err=True)
