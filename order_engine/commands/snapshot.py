"""``snapshot``: saves a snapshot of the state at a sequence of the journal."""

import click

from order_engine.commands.environment import recovery_of, settings_of_environment
from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.recovery import Recovery
from order_engine.exchange.snapshots import Snapshot
from order_engine.journal.directory_lock import DirectoryLock
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalLocked
from order_engine.journal.reader import JournalEnd


@click.command(short_help="Save a snapshot of the state.")
@click.option("--sequence", type=int, help="Take it at this durable sequence instead of the journal's end.")
def snapshot(sequence: int | None) -> None:
    """Replay the journal from the newest snapshot, save a new one, and print its path.

    A running server takes snapshots by itself. While it runs, --sequence is required, and must be a sequence that a
    response of the server has given, since only the server knows where its journal ends.
    """
    settings = settings_of_environment()
    recovery = recovery_of(settings, LocalDisk())
    if sequence is not None:
        saved = recovery.advance_snapshot(sequence)
    else:
        try:
            with DirectoryLock(settings.data_dir):
                saved = _snapshot_of_end(recovery)
        except JournalLocked as error:
            way_out = "give a --sequence that a response has given, or stop it first"
            raise SnapshotError(f"{error.directory} is in use by {error.holder}: {way_out}") from error
    click.echo(recovery.files.path_of(saved.header.sequence))


def _snapshot_of_end(recovery: Recovery) -> Snapshot:
    if recovery.journal_id() is None:
        raise SnapshotError(f"{recovery.journal_directory}: there is no journal to take a snapshot of")
    recovered = recovery.latest()
    _put_on_disk(recovery, recovered.end)
    return recovery.save(recovered.state)


def _put_on_disk(recovery: Recovery, end: JournalEnd) -> None:
    """Sync the journal's end: after a power cut a snapshot beyond the journal would prevent the next start."""
    assert end.segment is not None
    disk = LocalDisk()
    # After a failed fsync the system may drop the data, and the next fsync reports success: write it again first.
    disk.rewrite(end.segment.path, end.secured_offset)
    file = disk.open_append(end.segment.path)
    try:
        file.sync()
    finally:
        file.close()
    disk.sync_directory(recovery.journal_directory)
