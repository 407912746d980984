"""The command line: ``python -m order_engine COMMAND``. Every command has ``--help``."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from order_engine import __version__
from order_engine.commands.audit import audit
from order_engine.commands.clock import clock
from order_engine.commands.demo import demo
from order_engine.commands.feed import feed
from order_engine.commands.follow import follow
from order_engine.commands.keys import keys
from order_engine.commands.process import process
from order_engine.commands.rebuild import rebuild
from order_engine.commands.replay import replay
from order_engine.commands.serve import serve
from order_engine.commands.snapshot import snapshot
from order_engine.commands.verify import verify
from order_engine.database.errors import PersistenceError
from order_engine.exchange.errors import ServiceError
from order_engine.followers.audit.errors import AuditError
from order_engine.journal.errors import JournalError
from order_engine.security.key_file import KeyFileDamaged
from order_engine.settings import SettingInvalid

COMMANDS = (serve, demo, follow, feed, process, snapshot, replay, verify, rebuild, audit, clock, keys)
EXIT_UNUSABLE = 2
INSTALLED_NAME = "order-engine"


@click.group(epilog="Settings come from the environment: see serve --help.", commands=COMMANDS)
@click.version_option(__version__)
def cli() -> None:
    """Run an exchange and maintain its journal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 done, 1 something differs, 2 unusable arguments, settings or files."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        # Not cli.main: it exits with 1 when the output is closed, which here means that something differs.
        with cli.make_context(_program_name(), words) as context:
            result: Any = cli.invoke(context)  # Any: of the command
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        error.show()
        return EXIT_UNUSABLE
    except (click.Abort, KeyboardInterrupt):
        return EXIT_UNUSABLE
    except BrokenPipeError:
        # The reader of the output has closed it; the interpreter must not flush into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SettingInvalid, KeyFileDamaged, JournalError, AuditError, ServiceError, PersistenceError, OSError) as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        return EXIT_UNUSABLE
    return result if isinstance(result, int) else 0


def _program_name() -> str:
    """Return what usage shows: the name of the installed program, or how Python runs the package."""
    name = os.path.basename(sys.argv[0])
    return name if name == INSTALLED_NAME else "python -m order_engine"


if __name__ == "__main__":
    sys.exit(main())
