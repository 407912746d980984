"""What can go wrong between the exchange and its database, in one tree. No message ever holds a password."""


class PersistenceError(Exception):
    """Everything that this package raises on purpose."""


class DatabaseUrlInvalid(PersistenceError):
    """``DATABASE_URL`` names no database that this package can use."""


class DatabaseUnavailable(PersistenceError):
    """The database cannot be asked now; it may be later."""


class DatabaseStarting(DatabaseUnavailable):
    """There is no database file yet, or no tables in it: the process that writes records makes both."""


class DatabaseRefused(DatabaseUnavailable):
    """The database answers, and refuses a row or a statement, or is damaged. Waiting does not repair it."""


class MigrationFailed(PersistenceError):
    """The tables could not be brought to the form that this version needs."""


class SchemaUnknown(MigrationFailed):
    """A newer program wrote the database."""

    def __init__(self, where: str, expected: str, found: str) -> None:
        super().__init__(
            f"{where}: expected {expected}, found {found}; a newer program wrote this database: run that program, or "
            "name another DATABASE_URL"
        )
        self.where = where
        self.expected = expected
        self.found = found


class SchemaOutdated(PersistenceError):
    """An older program wrote the database, and nobody has migrated it since."""


class DatabaseNotOurs(PersistenceError):
    """The database has tables with our names that this program did not make."""


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
