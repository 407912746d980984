"""``rebuild``: rebuilds the database from the journal."""

import click

from order_engine.commands.environment import recovery_of, settings_of_environment
from order_engine.commands.printing import ProgressReport, print_result
from order_engine.exchange.recovery import Recovery
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import LocalDisk
from order_engine.settings import SettingInvalid, Settings


@click.command(short_help="Rebuild the database from the journal.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def rebuild(*, as_json: bool) -> None:
    """Empty the database's projection and fill it again from the journal. No server may be running.

    The journal is read first: if it is damaged, the database is not changed. After an interruption run this again, or
    start the server, which continues where the rebuild ended.
    """
    settings = settings_of_environment()
    with DirectoryLock(settings.data_dir):
        rebuilt = _rebuild(settings, recovery_of(settings, LocalDisk()))
    print_result(rebuilt, as_json=as_json)


def _rebuild(settings: Settings, recovery: Recovery) -> dict[str, int]:
    from order_engine.database.database import Database
    from order_engine.followers.sql.rebuilding import rebuild as rebuild_projection

    end, report = recovery.read_through(), ProgressReport()
    if end.header is None:
        raise SettingInvalid(f"DATA_DIR: found {str(settings.data_dir)!r}, expected a directory with a journal")
    database = Database(settings.database_url)
    try:
        rebuilt = rebuild_projection(
            database,
            end.header.journal_id,
            recovery.history(0, end.last_sequence),
            lambda sequence: report.say(f"sequence {sequence} of {end.last_sequence}"),
        )
    finally:
        database.close()
    return rebuilt._asdict()
