"""The command line: ``python -m order_engine COMMAND``. Every command has ``--help``.

What only one command needs is imported by it: a stream of commands should not wait for a web server to be loaded.
"""

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import msgspec
from msgspec import structs

from order_engine import __version__
from order_engine.database.errors import PersistenceError
from order_engine.exchange.errors import ServiceError
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.state import state_hash
from order_engine.exchange.verification import (
    DifferenceFound,
    Follower,
    Progress,
    StoredSnapshot,
    Verification,
    stored_files,
)
from order_engine.followers.audit.errors import AuditError
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import Disk, LocalDisk
from order_engine.journal.errors import JournalDamaged, JournalError, JournalGap
from order_engine.journal.still_disk import StillDisk
from order_engine.server.processors import use_all_allowed
from order_engine.settings import VARIABLES, SettingInvalid, Settings

EXIT_DIFFERENT = 1
EXIT_UNUSABLE = 2


@click.group(epilog="Settings come from the environment: see serve --help.")
@click.version_option(__version__)
def cli() -> None:
    """Run an exchange, and look after its journal."""


@cli.command(
    short_help="Serve the exchange over HTTP.",
    epilog="\b\nEnvironment:\n" + "\n".join(f"  {v.name:<22}{v.description}" for v in VARIABLES),
)
def serve() -> None:
    """Serve the exchange over HTTP until SIGTERM."""
    from order_engine.server.server import Server

    settings = _settings()
    _require_usable(settings)
    _log_to_standard_error(settings)
    # Gunicorn reads options from the command line unless it finds nothing there.
    sys.argv = sys.argv[:1]
    Server(settings).run()


@cli.command(hidden=True)
@click.argument("control", type=int)
@click.argument("journal")
@click.argument("end", type=int)
def follow(control: int, journal: str, end: int) -> None:
    """Follow the journal into database, audit log and snapshots; serve starts this by itself."""
    from order_engine.bootstrap import run_follower

    settings = _settings()
    _log_to_standard_error(settings)
    use_all_allowed()
    run_follower(settings, control, journal, end)


@cli.command(short_help="Apply a stream of NDJSON commands.")
@click.argument("commands", metavar="IN")
@click.option("--trades", metavar="FILE", help="Write every trade, one JSON object a line.")
@click.option("--events", metavar="FILE", help="Write every event, one JSON object a line.")
@click.option("--dead-letters", metavar="FILE", help="Write every line that cannot be read, and why.")
@click.option("--book", metavar="FILE", help="Write all books at the end, every level, as one JSON object.")
@click.option("--progress", is_flag=True, help="Say on standard error, each second, how far it is.")
def process(**options: Any) -> int:  # Any: as click hands them over
    """Apply the commands in the file IN, one JSON object a line, in order and as fast as they come.

    Needs no server, journal or database. IN and FILE may be -, standard input and output. A summary comes on standard
    error. Of the settings in the environment it reads those of matching.
    """
    from order_engine.streams.process import ProcessOptions, run_process

    return run_process(ProcessOptions(**options, settings=_settings().matching))


@cli.command(short_help="Save a snapshot of the state.")
@click.option("--sequence", type=int, help="Take it at this durable sequence, rather than at the journal's end.")
@click.option("--needed-from", type=int, help="Remove old snapshots, but none that leads to what comes after this one.")
def snapshot(sequence: int | None, needed_from: int | None) -> None:
    """Bring the newest snapshot forward through the journal, save it, and print its path."""
    use_all_allowed()
    recovery = _recovery(LocalDisk())
    if sequence is None:
        sequence = _recovery(StillDisk(LocalDisk())).latest().end.last_sequence
    header = recovery.advance_snapshot(sequence, needed_from).header
    click.echo(recovery.files.path_of(header.sequence))


@cli.command(short_help="Replay the journal, and print the state's hash.")
@click.option("--to", "until_sequence", type=int, help="Replay up to this sequence, rather than to the journal's end.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def replay(until_sequence: int | None, *, as_json: bool) -> None:
    """Replay the journal from its beginning, and print the sequence and the hash of the state it leads to."""
    # A server may be writing the journal that is read: it is looked at as it stands now.
    state = _recovery(StillDisk(LocalDisk())).replay(until_sequence)
    _print({"sequence": state.sequence, "state_hash": state_hash(state.dump())}, as_json=as_json)


@cli.command(short_help="Compare journal, snapshots, audit log and database.")
@click.option("--no-database", is_flag=True, help="Leave the database out.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def verify(*, no_database: bool, as_json: bool) -> int:
    """Compare journal, snapshots, audit log and database; name the first difference and exit 1, or exit 0.

    The journal is read whole and carried out again. A server may be running: what it adds meanwhile is left out.
    """
    settings = _settings()
    return _compared(lambda: _verified(settings) if no_database else _verified_with_database(settings), as_json=as_json)


@cli.command(short_help="Make the database anew from the journal.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def rebuild(*, as_json: bool) -> None:
    """Empty the database's projection and fill it again from the journal; no server may be running.

    The journal is read through first: if it is damaged, the database stays as it is. One that is interrupted may be
    begun again, or left to the next server, which goes on where it ended.
    """
    from order_engine.database.database import Database
    from order_engine.followers.sql.rebuilding import rebuild as rebuild_projection

    settings, report = _settings(), _SlowReport()
    with DirectoryLock(settings.data_dir):
        recovery = _recovery(LocalDisk())
        end = recovery.read_through()
        if end.header is None:
            raise SettingInvalid(f"DATA_DIR: found {str(settings.data_dir)!r}, expected a directory with a journal")
        database = Database(settings.database_url)
        try:
            history = recovery.history(0, end.last_sequence)
            rebuilt = rebuild_projection(
                database,
                end.header.journal_id,
                history,
                lambda sequence: report.say(f"sequence {sequence} of {end.last_sequence}"),
            )
        finally:
            database.close()
    _print(rebuilt._asdict(), as_json=as_json)


@cli.command(short_help="Say who did what, and what came of it.")
@click.option(
    "--order", "order_id", metavar="ID", help="Only what concerns this order; at last why it ended as it did."
)
@click.option("--user", "user_id", metavar="ID", help="Only what this user did, or what concerns their orders.")
@click.option("--since", metavar="TIME", help="Only from this time on, as 2026-11-21T07:58:00Z.")
@click.option("--verify", "is_verified", is_flag=True, help="Check the chain and hold every entry against the journal.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def audit(order_id: str | None, user_id: str | None, since: str | None, *, is_verified: bool, as_json: bool) -> int:
    """Tell from the audit log who did what and what came of it, one command a line.

    With --verify: check that no entry was changed, dropped or added; exit 1 and name the first that was.
    """
    from order_engine.followers.audit.story import Question, answer

    settings = _settings()
    if is_verified:
        return _compared(lambda: _verified_audit(settings), as_json=as_json)
    try:
        question = Question.of(order_id, user_id, since)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    for line in answer(settings.data_dir, LocalDisk(), question, as_json=as_json):
        click.echo(line)
    return 0


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
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing more may be written, at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (SettingInvalid, JournalError, AuditError, ServiceError, PersistenceError, OSError) as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        return EXIT_UNUSABLE
    return result if isinstance(result, int) else 0


def _compared(compare: Callable[[], dict[str, object]], *, as_json: bool) -> int:
    try:
        found = compare()
    except DifferenceFound as error:
        different = {"same": False, "where": error.where, "expected": error.expected, "found": error.found}
    except JournalDamaged as error:
        where = f"{error.path}: at byte {error.offset}"
        different = {"same": False, "where": where, "expected": error.expected, "found": error.found}
    except JournalGap as error:
        different = {"same": False, "where": "journal", "expected": "records from sequence 1", "found": str(error)}
    else:
        _print({"same": True, **found}, as_json=as_json)
        return 0
    _print(different, as_json=as_json)
    return EXIT_DIFFERENT


def _verified(settings: Settings) -> dict[str, object]:
    return _walked(settings, stored_files(settings.data_dir, LocalDisk()), [])


def _verified_with_database(settings: Settings) -> dict[str, object]:
    from order_engine.followers.sql.projection_check import checking_projection

    # Whatever the journal is compared with is looked at before the journal, which has it all then.
    files = stored_files(settings.data_dir, LocalDisk())
    with checking_projection(settings.database_url) as check:
        if check is None:
            return {**_walked(settings, files, []), "database": "nothing is projected"}
        return {**_walked(settings, files + check.snapshots(), [check]), "database": structs.asdict(check.counts)}


def _verified_audit(settings: Settings) -> dict[str, object]:
    from order_engine.followers.audit.check import AuditCheck
    from order_engine.followers.audit.files import AUDIT_DIRECTORY

    try:
        return _walked(settings, [], [])
    except JournalGap as error:
        counts = AuditCheck(settings.data_dir / AUDIT_DIRECTORY, LocalDisk()).read_alone()
        return {"audit": structs.asdict(counts), "journal": f"not compared, only the chain was checked: {error}"}


def _walked(settings: Settings, snapshots: list[StoredSnapshot], followers: Sequence[Follower]) -> dict[str, object]:
    from order_engine.followers.audit.check import AuditCheck, Together
    from order_engine.followers.audit.files import AUDIT_DIRECTORY

    check = AuditCheck(settings.data_dir / AUDIT_DIRECTORY, LocalDisk())
    together = Together([*followers, check])
    verified = Verification(
        settings.data_dir, LocalDisk(), snapshots, together, _SlowReport(), settings.archive_dir
    ).run()
    told = "nothing is recorded" if check.is_empty else structs.asdict(check.counts)
    return {**structs.asdict(verified), "audit": told}


class _SlowReport:
    """Says on standard error how far something is, once a second."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        self.say(f"{progress.bytes_read} of {progress.bytes_total} bytes of journal, sequence {progress.sequence}")

    def say(self, line: str) -> None:
        """Say something, unless something was said a moment ago."""
        now = time.monotonic()
        if now - self._told_at >= 1:
            self._told_at = now
            click.echo(line, err=True)


def _print(found: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for name, value in found.items():
        text = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, dict) else value
        click.echo(f"{name} {text}")


def _require_usable(settings: Settings) -> None:
    """Say in one line what a server would find out later, in many."""
    from order_engine.database.database_url import parse_database_url

    parse_database_url(settings.database_url)
    directory = settings.data_dir
    try:
        directory.mkdir(parents=True, exist_ok=True)
        writable = os.access(directory, os.W_OK | os.X_OK)
    except OSError as error:
        raise SettingInvalid(f"DATA_DIR: found {str(directory)!r}, expected a directory: {error.strerror}") from error
    if not writable:
        raise SettingInvalid(f"DATA_DIR: found {str(directory)!r}, expected a directory that may be written to")
    address = (settings.host, settings.port)
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        socket.create_server(address, family=family).close()
    except OSError as error:
        found = f"{settings.host} and {settings.port}"
        expected = "an address of this machine and a port that is free"
        raise SettingInvalid(f"HOST and PORT: found {found}, expected {expected}: {error.strerror}") from error


def _settings() -> Settings:
    return Settings.from_environment(os.environ)


def _recovery(disk: Disk) -> Recovery:
    settings = _settings()
    return Recovery(settings.data_dir, disk, archive_directory=settings.archive_dir)


def _log_to_standard_error(settings: Settings) -> None:
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


if __name__ == "__main__":
    sys.exit(main())
