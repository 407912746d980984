"""``audit``: prints the audit log, or verifies it."""

import click
from msgspec import structs

from order_engine.commands.comparison import compare_with_journal, print_comparison
from order_engine.commands.environment import settings_of_environment
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalGap
from order_engine.settings import Settings


@click.command(short_help="Print who did what, and with what result.")
@click.option("--order", "order_id", metavar="ID", help="Only entries of this order; the last line says why it ended.")
@click.option("--user", "user_id", metavar="ID", help="Only entries of this user or of their orders.")
@click.option("--since", metavar="TIME", help="Only entries from this time on, such as 2026-11-21T07:58:00Z.")
@click.option(
    "--verify", "is_verified", is_flag=True, help="Check the hash chain and compare every entry with the journal."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def audit(order_id: str | None, user_id: str | None, since: str | None, *, is_verified: bool, as_json: bool) -> int:
    """Print from the audit log who did what and with what result, one command a line.

    With --verify: check that no entry was changed, removed or added; else name the first one and exit 1.
    """
    from order_engine.followers.audit.search import Filter, matching_lines

    settings = settings_of_environment()
    if is_verified:
        return print_comparison(lambda: _verify(settings), as_json=as_json)
    try:
        wanted = Filter.of(order_id, user_id, since)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from error
    for line in matching_lines(settings.data_dir, LocalDisk(), wanted, as_json=as_json):
        click.echo(line)
    return 0


def _verify(settings: Settings) -> dict[str, object]:
    from order_engine.followers.audit.check import AuditCheck
    from order_engine.followers.audit.files import AUDIT_DIRECTORY

    try:
        return compare_with_journal(settings, [], [])
    except JournalGap as error:
        counts = AuditCheck(settings.data_dir / AUDIT_DIRECTORY, LocalDisk()).read_alone()
        return {"audit": structs.asdict(counts), "journal": f"not compared, only the chain was checked: {error}"}
