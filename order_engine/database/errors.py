"""The errors of the database, in one tree. No message contains a password."""


class PersistenceError(Exception):
    """The base of all errors of the database."""


class DatabaseUrlInvalid(PersistenceError):
    """``DATABASE_URL`` names no database that this package can use."""


class DatabaseUnavailable(PersistenceError):
    """The database cannot be reached now, but may be later."""


class DatabaseStarting(DatabaseUnavailable):
    """There is no database file yet, or it has no tables: the followers create both."""


class DatabaseRefused(DatabaseUnavailable):
    """The database refuses a row or a statement, or is damaged. Waiting does not help."""


class MigrationFailed(PersistenceError):
    """The tables could not be migrated to this version's schema."""


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
    """An older program wrote the database, and it is not migrated yet."""


class DatabaseNotOurs(PersistenceError):
    """The database has tables with our names that this program did not make."""


class CursorInvalid(PersistenceError):
    """The cursor is not one that this list returned."""


class ProjectionFault(PersistenceError):
    """Database and journal do not belong together, so nothing may be projected."""


class ForeignCheckpoint(ProjectionFault):
    """The database was projected from another journal."""


class CheckpointBeyondJournal(ProjectionFault):
    """The database has commands that the journal does not have."""


class CheckpointMoved(ProjectionFault):
    """Another process writes to the same projection."""


class RowsMissing(ProjectionFault):
    """Rows to change are missing from the database."""
