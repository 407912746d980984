"""The command line: ``python -m order_engine COMMAND``. Every command has ``--help``."""

import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from order_engine import __version__
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalError
from order_engine.server import Server
from order_engine.service.errors import ServiceError
from order_engine.service.exchange_state import state_hash
from order_engine.service.recovery import Recovery
from order_engine.settings import VARIABLES, SettingInvalid, Settings

EXIT_DIFFERENT = 1
EXIT_UNUSABLE = 2


@click.group(epilog="Settings come from the environment: see serve --help.")
@click.version_option(__version__)
def cli() -> None:
    """Run an exchange, and look after its journal."""


@cli.command(epilog="\b\nEnvironment:\n" + "\n".join(f"  {v.name:<22}{v.description}" for v in VARIABLES))
def serve() -> None:
    """Serve the exchange over HTTP until SIGTERM."""
    settings = _settings()
    _log_to_standard_error(settings)
    # Gunicorn reads options from the command line unless it finds nothing there.
    sys.argv = sys.argv[:1]
    Server(settings).run()


@cli.command()
@click.option("--sequence", type=int, help="Take it at this durable sequence, rather than at the journal's end.")
def snapshot(sequence: int | None) -> None:
    """Bring the newest snapshot forward through the journal, save it, and print its path."""
    recovery = _recovery()
    if sequence is None:
        sequence = recovery.latest().end.last_sequence
    header = recovery.advance_snapshot(sequence).header
    click.echo(recovery.files.path_of(header.sequence))


@cli.command()
@click.option("--to", "until_sequence", type=int, help="Replay up to this sequence, rather than to the journal's end.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def replay(until_sequence: int | None, *, as_json: bool) -> None:
    """Replay the journal from its beginning, and print the sequence and the hash of the state it leads to."""
    state = _recovery().replay(until_sequence)
    found = {"sequence": state.sequence, "state_hash": state_hash(state.dump())}
    click.echo(
        msgspec.json.encode(found).decode()
        if as_json
        else f"sequence {found['sequence']}\nstate_hash {found['state_hash']}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 done, 1 something differs, 2 unusable arguments, settings or files."""
    try:
        result: Any = cli.main(
            args=arguments, prog_name="python -m order_engine", standalone_mode=False
        )  # Any: of the command
    except click.ClickException as error:
        error.show()
        return EXIT_UNUSABLE
    except click.Abort:
        return EXIT_UNUSABLE
    except (SettingInvalid, JournalError, ServiceError, OSError) as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        return EXIT_UNUSABLE
    return result if isinstance(result, int) else 0


def _settings() -> Settings:
    return Settings.from_environment(os.environ)


def _recovery() -> Recovery:
    return Recovery(_settings().data_dir, LocalDisk())


def _log_to_standard_error(settings: Settings) -> None:
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


if __name__ == "__main__":
    sys.exit(main())
