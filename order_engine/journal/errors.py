"""The errors of the journal, in one tree.

Every message says where, what was expected and what was found, so that an operator can act on it.
"""

from pathlib import Path


class JournalError(Exception):
    """The journal cannot do what was asked."""


class Damage(Exception):
    """What is on disk is not what was written, and no crash explains it."""

    def __init__(self, path: Path, offset: int, expected: str, found: str) -> None:
        super().__init__(f"{path}: at byte {offset}: expected {expected}, found {found}")
        self.path = path
        self.offset = offset
        self.expected = expected
        self.found = found


class JournalDamaged(JournalError, Damage):
    """A segment of the journal is damaged."""


class JournalUnreadable(JournalError):
    """The operating system could not read the journal."""

    def __init__(self, path: Path, cause: OSError) -> None:
        super().__init__(f"{path}: cannot be read: {cause}")
        self.path = path


class JournalTooNew(JournalError):
    """A newer program wrote a segment: this program does not know its format, its rules or one of its fields."""

    def __init__(self, path: Path, found: str, supported: str) -> None:
        super().__init__(
            f"{path}: written {found}, this program knows {supported}: "
            "use the newer program, or a backup from before the upgrade"
        )
        self.path = path


class JournalGap(JournalError):
    """The requested or appended sequences do not join the journal's without a gap."""


class JournalFailed(JournalError):
    """A write or an fsync failed. What is on disk is uncertain, so nothing is accepted until a restart."""

    def __init__(self, path: Path, cause: BaseException) -> None:
        super().__init__(f"{path}: the journal cannot be written and has stopped: {type(cause).__name__}: {cause}")
        self.path = path
        self.cause = cause


class JournalClosed(JournalError):
    """The journal is closed and accepts nothing more."""


class JournalLocked(JournalError):
    """Another process, or another part of this one, owns the directory."""

    def __init__(self, directory: Path, holder: str) -> None:
        super().__init__(
            f"{directory} is in use by {holder}. Exactly one process may own a journal: two would serve split books. "
            "Run gunicorn with one worker and many threads (--workers 1 --threads 64), or choose another DATA_DIR."
        )
        self.directory = directory
        self.holder = holder
