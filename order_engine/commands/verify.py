"""``verify``: compares the journal with snapshots, audit log and database."""

import click
from msgspec import structs

from order_engine.commands.comparison import compare_with_journal, print_comparison
from order_engine.commands.environment import settings_of_environment
from order_engine.exchange.verification import stored_files
from order_engine.journal.disk import LocalDisk
from order_engine.settings import Settings


@click.command(short_help="Compare journal, snapshots, audit log and database.")
@click.option("--no-database", is_flag=True, help="Leave the database out.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def verify(*, no_database: bool, as_json: bool) -> int:
    """Compare journal, snapshots, audit log and database; name the first difference and exit 1, or exit 0.

    The whole journal is replayed. A server may be running; records that it adds meanwhile are ignored.
    """
    settings = settings_of_environment()
    compare = _compare_files if no_database else _compare_files_and_database
    return print_comparison(lambda: compare(settings), as_json=as_json)


def _compare_files(settings: Settings) -> dict[str, object]:
    return compare_with_journal(settings, stored_files(settings.data_dir, LocalDisk()), [])


def _compare_files_and_database(settings: Settings) -> dict[str, object]:
    from order_engine.followers.sql.projection_check import checking_projection

    # Read snapshots and database before the journal: then the journal contains all that they do.
    files = stored_files(settings.data_dir, LocalDisk())
    with checking_projection(settings.database_url) as check:
        if check is None:
            return {**compare_with_journal(settings, files, []), "database": "nothing is projected"}
        compared = compare_with_journal(settings, files, [check])
        return {**compared, "database": structs.asdict(check.counts)}
