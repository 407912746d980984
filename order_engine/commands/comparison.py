"""The comparison of ``verify`` and ``audit --verify``: the journal against everything derived from it."""

from collections.abc import Callable, Sequence

from msgspec import structs

from order_engine.commands.printing import ProgressReport, print_result
from order_engine.exchange.verification import DifferenceFound, Follower, Progress, StoredSnapshot, Verification
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalDamaged, JournalGap
from order_engine.settings import Settings

EXIT_DIFFERENT = 1


def print_comparison(compare: Callable[[], dict[str, object]], *, as_json: bool) -> int:
    """Run a comparison, print its counts or the first difference, and return the exit code."""
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
        print_result({"same": True, **found}, as_json=as_json)
        return 0
    print_result(different, as_json=as_json)
    return EXIT_DIFFERENT


def compare_with_journal(
    settings: Settings, snapshots: list[StoredSnapshot], followers: Sequence[Follower]
) -> dict[str, object]:
    """Replay the journal and compare it with the audit log, snapshots and followers; return the counts."""
    from order_engine.followers.audit.check import AuditCheck, Together
    from order_engine.followers.audit.files import AUDIT_DIRECTORY

    check = AuditCheck(settings.data_dir / AUDIT_DIRECTORY, LocalDisk())
    together = Together([*followers, check])
    report = ProgressReport()

    def say(progress: Progress) -> None:
        report.say(f"{progress.bytes_read} of {progress.bytes_total} bytes of journal, sequence {progress.sequence}")

    verified = Verification(settings.data_dir, LocalDisk(), snapshots, together, say, settings.archive_dir).run()
    audit = "nothing is recorded" if check.is_empty else structs.asdict(check.counts)
    return {**structs.asdict(verified), "audit": audit}
