"""Builds the feeds' process, and starts it."""

import subprocess

from order_engine.bootstrap.child import start_child
from order_engine.exchange.recovery import Recovery
from order_engine.feeds.feeds import TRADES_KEPT_MAX
from order_engine.feeds.service import serve_feeds
from order_engine.followers.replica import Replica
from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalError
from order_engine.journal.tail import Tail
from order_engine.journal.watermark import WATERMARK_NAME, SharedWatermark
from order_engine.matching.engine import RULES_VERSION
from order_engine.settings import Settings

COMMANDS_KEPT = TRADES_KEPT_MAX
HIDE_IDS = "--hide-ids"


def spawn_feeds(settings: Settings, descriptor: int, *, hides_ids: bool) -> "subprocess.Popen[bytes]":
    """Start the feeds' process."""
    return start_child(settings, ["feed", str(descriptor), *([HIDE_IDS] if hides_ids else [])], descriptor)


def run_feeds(settings: Settings, descriptor: int, *, hides_ids: bool) -> None:
    """Serve the feeds until the exchange asks to finish, or is gone."""
    recovery = Recovery(settings.data_dir, LocalDisk(), archive_directory=settings.archive_dir)
    watermark = SharedWatermark.open(settings.data_dir / WATERMARK_NAME)
    serve_feeds(
        lambda: make_replica(recovery, watermark.visible),
        watermark,
        descriptor,
        settings.max_feed_clients,
        hides_ids=hides_ids,
    )


def make_replica(recovery: Recovery, visible_sequence: int) -> Replica:
    """Return a replica that is far enough back to know the newest trades, if the journal still is."""

    def open_tail(sequence: int) -> Tail:
        return Tail(
            recovery.journal_directory,
            LocalDisk(),
            rules_version=RULES_VERSION,
            archive=recovery.archive_directory,
            after_sequence=sequence,
        )

    replica = Replica(recovery.state_at_or_before, open_tail, max(0, visible_sequence - COMMANDS_KEPT))
    probe = open_tail(replica.sequence)
    try:
        probe.read(visible_sequence, 1)
    except JournalError:
        # Those segments were removed: begin with the newest snapshot, and without the trades before it.
        replica.rewind(visible_sequence)
    finally:
        probe.close()
    return replica
