"""What can go wrong around a stream. A line that cannot be read is no error: it is a dead letter."""


class StreamFileError(OSError):
    """A file or a standard stream cannot be read or written as asked; the message names it and says why."""


def reason_of(error: Exception) -> str:
    """Say why, without the file's name."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
