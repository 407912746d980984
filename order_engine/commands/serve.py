"""``serve``: serves the exchange over HTTP."""

import os
import sys

import click

from order_engine.commands.environment import log_to_standard_error, settings_of_environment
from order_engine.settings import VARIABLES, SettingInvalid, Settings, Variable


def _described(variable: Variable) -> str:
    default = f" Default: {variable.default}." if variable.default else ""
    return f"  {variable.name:<22}{variable.description}{default}\n  {'':<22}({variable.expected})"


@click.command(
    short_help="Serve the exchange over HTTP.",
    epilog="\b\nEnvironment:\n" + "\n".join(map(_described, VARIABLES)),
)
@click.option("--host", metavar="ADDRESS", help="The address to listen on, in place of HOST.")
@click.option("--port", metavar="NUMBER", help="The port to listen on, in place of PORT.")
@click.option("--data-dir", metavar="DIRECTORY", help="The directory of all data, in place of DATA_DIR.")
def serve(**options: str | None) -> None:
    """Serve the exchange over HTTP until SIGTERM."""
    from order_engine.server.address import require_address
    from order_engine.server.allocation import return_freed_memory
    from order_engine.server.server import Server

    # In the environment, where the processes that follow the exchange find them.
    os.environ.update({name.upper(): value for name, value in options.items() if value is not None})
    settings = settings_of_environment()
    _require_database_url(settings)
    _require_data_directory(settings)
    _require_key(settings)
    require_address(settings)
    log_to_standard_error(settings)
    # Gunicorn would parse our command line as its own options.
    sys.argv = sys.argv[:1]
    return_freed_memory()
    Server(settings).run()


# These checks print one line here; the same errors in the server's worker would print a traceback.


def _require_key(settings: Settings) -> None:
    from order_engine.security.key_file import KeyFile

    has_keys = settings.api_key is not None or KeyFile(settings.data_dir).read() is not None
    if not has_keys and not settings.is_loopback and not settings.open:
        found = f"{settings.host} without any key, so that other machines may place and cancel orders"
        expected = "an API_KEY, a key made by keys create, an address of loopback, or OPEN=true"
        raise SettingInvalid(f"HOST: found {found}; expected {expected}")


def _require_database_url(settings: Settings) -> None:
    from order_engine.database.database_url import parse_database_url

    parse_database_url(settings.database_url)


def _require_data_directory(settings: Settings) -> None:
    directory = settings.data_dir
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        writable = os.access(directory, os.W_OK | os.X_OK)
    except OSError as error:
        raise SettingInvalid(f"DATA_DIR: found {str(directory)!r}, expected a directory: {error.strerror}") from error
    if not writable:
        raise SettingInvalid(f"DATA_DIR: found {str(directory)!r}, expected a writable directory")
