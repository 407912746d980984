"""What can go wrong between the exchange and its database, in one tree. No message ever holds a password."""


class PersistenceError(Exception):
    """Everything that this package raises on purpose."""


class DatabaseUrlInvalid(PersistenceError):
    """``DATABASE_URL`` names no database that this package can use."""


class DatabaseUnavailable(PersistenceError):
    """The database cannot be asked now; it may be later."""


class DatabaseRefused(DatabaseUnavailable):
    """The database can be asked, and says no: to a row, a statement, or these rights. Waiting alone mends nothing."""


class MigrationFailed(PersistenceError):
    """The tables could not be brought to the form that this version needs."""


class CursorInvalid(PersistenceError):
    """A cursor that this list did not hand out."""


class ProjectionFault(PersistenceError):
    """Database and journal do not belong together, so that nothing may be projected."""


class ForeignCheckpoint(ProjectionFault):
    """The database was projected from another journal."""


class CheckpointBeyondJournal(ProjectionFault):
    """The database knows commands that the journal does not have."""


class CheckpointMoved(ProjectionFault):
    """Somebody else writes to the same projection."""


class RowsMissing(ProjectionFault):
    """A change came for rows that the database should have and has not."""


class HistoryIncomplete(ProjectionFault):
    """The journal did not hand over the commands that the projection lacks."""
