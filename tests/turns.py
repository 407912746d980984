"""Which tests may run at the same time, where pytest-xdist runs several.

A test marked ``alone`` measures time: while it runs, no other worker runs one. The tests of a module run in one worker
if the module has fixtures of its scope, or is marked ``together``. All others go wherever a worker is free, the slow
ones first, so that none is left over at the end.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WORKERS_MAX = 4
DIRECTORY = pytest.StashKey[Path]()
ON_THE_WAY = "turns"


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get(ON_THE_WAY)
    config.stash[DIRECTORY] = Path(given or tempfile.mkdtemp(prefix="turns-"))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[DIRECTORY], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # Any: a worker, as pytest-xdist hands it over
    node.workerinput[ON_THE_WAY] = str(node.config.stash[DIRECTORY])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Run one worker more than there are processors: a third of the time each waits for servers of its tests."""
    return min(WORKERS_MAX, (os.cpu_count() or 1) + 1)


class Distribution(LoadScopeScheduling):
    """Gives workers whole modules where their tests must stay together, and single tests otherwise.

    The marks of pytest-xdist for this purpose have no effect with pytest 9.2 (pytest-xdist, issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if stays_together(self.config.rootpath / module) else nodeid


@cache
def stays_together(module: Path) -> bool:
    """Tell whether the tests of a module must run in one worker."""
    return re.search(r'scope="module"|pytest\.mark\.together\b', module.read_text(encoding="utf-8")) is not None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:  # Any: of pytest-xdist
    return Distribution(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with turn(item.config.stash[DIRECTORY], alone=item.get_closest_marker("alone") is not None):
        return (yield)


@contextmanager
def turn(directory: Path, *, alone: bool) -> Iterator[None]:
    """Wait until a test may run, and keep those out that may not run beside it."""
    with _locked(directory / "running", wanted=fcntl.LOCK_EX if alone else fcntl.LOCK_SH, door=directory / "door"):
        yield


@contextmanager
def _locked(path: Path, *, wanted: int, door: Path | None = None) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if door is None:
            fcntl.flock(descriptor, wanted)
        else:
            # One waits at a time: a test that is to be alone is not overtaken by those that may run together.
            with _locked(door, wanted=fcntl.LOCK_EX):
                fcntl.flock(descriptor, wanted)
        yield
    finally:
        # A process that the test forked may still have the file open.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)
