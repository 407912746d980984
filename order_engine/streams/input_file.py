"""Input files: return available bytes at once; errors name the file."""

from io import FileIO
from types import TracebackType

from order_engine.streams.errors import StreamFileError, reason_of
from order_engine.streams.lines import RawInput


class InputFile:
    """A named stream of bytes; as a context manager it closes the file that it opened."""

    def __init__(self, name: str, standard_input: RawInput) -> None:
        self._name = "standard input" if name == "-" else name
        try:
            self._opened = None if name == "-" else FileIO(name)
        except OSError as error:
            raise StreamFileError(f"cannot read {self._name}: {reason_of(error)}") from error
        self._raw: RawInput = self._opened or standard_input

    def read(self, size: int, /) -> bytes:
        """Read the available bytes, at most ``size``; return none at the end."""
        try:
            chunk = self._raw.read(size)
        except OSError as error:
            raise StreamFileError(f"cannot read {self._name}: {reason_of(error)}") from error
        if chunk is None:
            raise StreamFileError(f"cannot read {self._name}: it is non-blocking and has no bytes ready")
        return chunk

    def __enter__(self) -> "InputFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._opened is not None:
            self._opened.close()
