"""The errors of the audit log, in one tree. None of them stops trading."""

from order_engine.journal.errors import Damage


class AuditError(Exception):
    """The audit log cannot be written, or is wrong."""


class AuditDamaged(AuditError, Damage):
    """A segment of the log is damaged."""


class AuditForeign(AuditError):
    """The log belongs to another journal, or has more than the journal."""


class AuditIncomplete(AuditError):
    """The records to append do not follow the log's last entry."""
