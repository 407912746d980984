"""A whole venue inside the test's process, so that its disk and its clock can be the test's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from order_engine.bootstrap import Venue
from order_engine.exchange.clock import Clock
from order_engine.journal.disk import Disk
from order_engine.settings import Settings

PATIENCE_SECONDS = 30.0


def settings_for(directory: Path, **variables: str) -> Settings:
    """Settings with data in ``directory``, and no snapshots but those that are asked for."""
    return Settings.from_environment({"DATA_DIR": str(directory), "SNAPSHOT_INTERVAL_SEC": "0", **variables})


@contextmanager
def venue(
    directory: Path, *, disk: Disk | None = None, clock: Clock | None = None, wait: bool = True, **variables: str
) -> Iterator[Venue]:
    """Start a venue; ``wait=False`` does not wait until it takes orders. It is closed at the end."""
    found = Venue(
        settings_for(directory, **variables),
        disk=disk,
        clock=clock,
        advance_snapshot=lambda sequence: found.recovery.advance_snapshot(sequence),
    )
    try:
        found.start()
        if wait:
            assert found.wait_started(PATIENCE_SECONDS), str(found.exchange.fault)
        yield found
    finally:
        found.wait_started(PATIENCE_SECONDS)
        found.close()
