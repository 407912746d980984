"""The data of a venue that was closed in good order, for tests to read or damage."""

import shutil
from pathlib import Path

import pytest

from tests.integration.service.tampering import END, trade_for_two_minutes
from tests.integration.service.venues import venue, wait_followed
from tests.unit.exchange.exchanges import START_NS, FakeClock


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("traded")
    clock = FakeClock(START_NS)
    with venue(directory, clock=clock) as found:
        trade_for_two_minutes(found, clock)
        assert wait_followed(found) == END
    return directory


@pytest.fixture
def directory(traded: Path, tmp_path: Path) -> Path:
    """Return a copy of that data."""
    return shutil.copytree(traded, tmp_path / "copy")
