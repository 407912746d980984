"""What can be wrong with the audit log, as one tree. None of it ever stops trading."""

from order_engine.journal.errors import Damage


class AuditError(Exception):
    """The audit log cannot be written or believed."""


class AuditDamaged(AuditError, Damage):
    """A segment of the log is damaged."""


class AuditForeign(AuditError):
    """The log was written about another journal, or about more than the journal has."""


class AuditIncomplete(AuditError):
    """The journal did not hand over the commands that the log lacks."""
