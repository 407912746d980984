"""Errors of a stream's files. A line that cannot be read is not an error but a dead letter."""


class StreamFileError(OSError):
    """A file or a standard stream cannot be read or written; the message names it and says why."""


def reason_of(error: Exception) -> str:
    """Return the reason of an error, without the file's name."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
