"""Finds the files that are no Python: beside the package in a clone, inside it once it is installed."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = PACKAGE / "files"
"""Where the wheel has them: see ``force-include`` in ``pyproject.toml``."""


def directory_of(name: str) -> Path:
    """Return the directory ``templates``, ``static`` or ``migrations``, whether or not it is there."""
    return (INSTALLED if INSTALLED.is_dir() else PACKAGE.parent) / name
