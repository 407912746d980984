"""Output files: written to a temporary file and renamed when complete, so that no reader sees half of one.

Standard output (``-``) and anything but a regular file (a pipe, a terminal, /dev/null) is written to directly.
"""

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from order_engine.streams.errors import StreamFileError, reason_of

HELD_LENGTH_MAX = 1_048_576


class RawOutput(Protocol):
    """A stream of bytes that may take fewer than it is given."""

    def write(self, payload: bytes | memoryview, /) -> int | None:
        """Write, and return how many bytes were taken."""
        ...


class OutputFile:
    """One output. As a context manager it renames the complete file at the end, and drops it on an error."""

    def __init__(self, name: str, raw: RawOutput) -> None:
        self._name = name
        self._raw = raw
        self._held: list[bytes] = []
        self._held_length = 0

    def write(self, payload: bytes) -> None:
        """Write bytes; they may be buffered until the next flush."""
        self._held.append(payload)
        self._held_length += len(payload)
        if self._held_length >= HELD_LENGTH_MAX:
            self.flush()

    def flush(self) -> None:
        """Write out what is buffered; raise ``StreamFileError`` if that fails."""
        if not self._held:
            return
        rest = memoryview(b"".join(self._held))
        self._held, self._held_length = [], 0
        try:
            while rest:
                taken = self._raw.write(rest)
                if taken is None:
                    raise BlockingIOError("it is non-blocking and takes no more bytes")
                rest = rest[taken:]
        except OSError as error:
            raise StreamFileError(f"cannot write {self._name}: {reason_of(error)}") from error

    def __enter__(self) -> "OutputFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            self.flush()


class ReplacingFile(OutputFile):
    """An output that replaces a regular file once it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            self._file = self._partial.open("wb", buffering=0)
        except OSError as error:
            raise StreamFileError(f"cannot write {path}: {reason_of(error)}") from error
        super().__init__(str(path), self._file)

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        try:
            if kind is None:
                self.flush()
                self._file.close()
                self._put_in_place()
        finally:
            self._file.close()
            with suppress(FileNotFoundError):
                self._partial.unlink()

    def _put_in_place(self) -> None:
        try:
            if self._path.exists():
                self._partial.chmod(self._path.stat().st_mode & 0o7777)
            self._partial.replace(self._path)
        except OSError as error:
            raise StreamFileError(f"cannot write {self._path}: {reason_of(error)}") from error


class DirectFile(OutputFile):
    """An output that is not a regular file, such as a named pipe."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("wb", buffering=0)
        except OSError as error:
            raise StreamFileError(f"cannot write {path}: {reason_of(error)}") from error
        super().__init__(str(path), self._file)

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        with self._file:
            super().__exit__(kind, _, __)


def open_output(name: str, standard_output: RawOutput) -> OutputFile:
    """Open an output that the command line names; ``-`` is standard output."""
    if name == "-":
        return OutputFile("standard output", standard_output)
    # A symbolic link is kept; its target is replaced.
    path = Path(os.path.realpath(name))
    if path.is_dir():
        raise StreamFileError(f"cannot write {name}: it is a directory")
    if path.exists() and not path.is_file():
        return DirectFile(path)
    return ReplacingFile(path)
