"""A whole venue in the test's process, with a disk and a clock of the test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from order_engine.bootstrap.venue import Venue
from order_engine.exchange.clock import Clock
from order_engine.followers.audit.files import AUDIT_DIRECTORY
from order_engine.followers.progress import AUDIT, SQL
from order_engine.journal.disk import Disk
from order_engine.settings import Settings
from tests.integration.api.served_exchange import ReadingItsWrites

PATIENCE_SECONDS = 30.0


def settings_for(directory: Path, **variables: str) -> Settings:
    """Settings with data in ``directory``, of any age, and with snapshots only on request."""
    fixed = {"DATA_DIR": str(directory), "SNAPSHOT_INTERVAL_SEC": "0", "ACCEPT_CLOCK": "true"}
    return Settings.from_environment({**fixed, **variables})


@contextmanager
def venue(
    directory: Path,
    *,
    disk: Disk | None = None,
    clock: Clock | None = None,
    wait: bool = True,
    in_thread: bool = True,
    on_start_failure: Callable[[], object] = lambda: None,
    **variables: str,
) -> Iterator[Venue]:
    """Start a venue; ``wait=False`` does not wait until it takes orders. It is closed at the end.

    ``in_thread=False`` starts the followers' process.
    """
    settings = settings_for(directory, **variables)
    # The audit log's lock is a real file, also with a disk in memory.
    (directory / AUDIT_DIRECTORY).mkdir(parents=True, exist_ok=True)
    found = Venue(settings, disk=disk, clock=clock, follows_in_thread=in_thread, on_start_failure=on_start_failure)
    found.app.test_client_class = ReadingItsWrites
    try:
        found.start()
        if wait:
            assert found.wait_started(PATIENCE_SECONDS), str(found.exchange.fault)
        yield found
    finally:
        found.wait_started(PATIENCE_SECONDS)
        found.close()


def wait_followed(found: Venue) -> int:
    """Return the last sequence once database and audit log have everything up to it."""
    end = found.exchange.visible_sequence
    is_followed = found.progress.wait_for(
        lambda: all(found.progress.of(name).sequence >= end for name in (SQL, AUDIT)), PATIENCE_SECONDS
    )
    assert is_followed, [found.progress.of(name) for name in (SQL, AUDIT)]
    return end
