"""Each test here is run for each released version."""

from pathlib import Path

import pytest

from tests.released.releases import Release, all_releases


@pytest.fixture(params=all_releases(), ids=lambda release: release.name)
def release(request: pytest.FixtureRequest) -> Release:
    found: Release = request.param
    return found


@pytest.fixture
def data(release: Release, tmp_path: Path) -> Path:
    """The release's data directory, left by a killed server."""
    return release.unpack(tmp_path / "data")
