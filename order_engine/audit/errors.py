"""What can be wrong with the audit log, as one tree. None of it ever stops trading."""

from pathlib import Path


class AuditError(Exception):
    """The audit log cannot be written or believed."""


class AuditDamaged(AuditError):
    """What is in the log is not what was written, in a way that no crash explains."""

    def __init__(self, path: Path, offset: int, expected: str, found: str) -> None:
        super().__init__(f"{path}: at byte {offset}: expected {expected}, found {found}")
        self.path = path
        self.offset = offset
        self.expected = expected
        self.found = found


class AuditForeign(AuditError):
    """The log was written about another journal, or about more than the journal has."""


class AuditIncomplete(AuditError):
    """The journal did not hand over the commands that the log lacks."""
