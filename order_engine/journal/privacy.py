"""Keeps other users of the machine out of a data directory, because it holds all orders.

New files are created private. This takes other users' rights from files of an older version, which anybody could read.
"""

import logging
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

OTHERS = 0o077


def make_private(directory: Path, rooms: Iterable[str]) -> None:
    """Take other users' rights from a directory, its files, and everything in the subdirectories ``rooms``.

    Links are not followed. Files that belong to another user are left alone and logged.
    """
    closed, left = 0, list[str]()
    for path in _own(directory.resolve(), frozenset(rooms)):
        try:
            closed += _close_to_others(path)
        except PermissionError:
            left.append(path)
    if closed:
        log.warning("%s: took the rights of other users from %d files and directories", directory, closed)
    if left:
        log.warning("%s: other users have rights in it that could not be taken: %s", directory, ", ".join(left[:5]))


def _own(directory: Path, rooms: frozenset[str]) -> Iterator[str]:
    yield str(directory)
    for entry in os.scandir(directory):
        if entry.name in rooms and entry.is_dir(follow_symlinks=False):
            yield from _all_below(entry.path)
        elif entry.is_file(follow_symlinks=False):
            yield entry.path


def _all_below(directory: str) -> Iterator[str]:
    for parent, _, names in os.walk(directory):
        yield parent
        for name in names:
            yield os.path.join(parent, name)


def _close_to_others(path: str) -> bool:
    with suppress(FileNotFoundError):
        mode = os.lstat(path).st_mode
        # A directory with the sticky bit is meant to be shared, as /tmp is.
        shared = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
        if mode & OTHERS and not stat.S_ISLNK(mode) and not shared:
            os.chmod(path, stat.S_IMODE(mode) & ~OTHERS)
            return True
    return False
