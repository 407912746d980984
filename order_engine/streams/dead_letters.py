"""Dead letters: the lines of a stream that cannot be read, each with its error."""

from base64 import b64encode

import msgspec
from msgspec import Struct

from order_engine.streams.lines import Line, LongLine
from order_engine.streams.notices import Notices
from order_engine.streams.output_file import OutputFile


class DeadLetter(Struct, frozen=True, omit_defaults=True):
    """A line, its number, and why it was not read.

    ``line_base64`` has the exact bytes of a line that is not UTF-8. ``length`` is set if the line was too long to be
    kept whole.
    """

    line_number: int
    reason: str
    line: str
    line_base64: str | None = None
    length: int | None = None


class DeadLetters:
    """Counts dead letters. Writes them to an output if there is one; else prints a notice for the first few."""

    def __init__(self, output: OutputFile | None, notices: Notices) -> None:
        self.count = 0
        self._output = output
        self._notices = notices

    def write(self, line_number: int, reason: str, line: Line) -> None:
        """Write one dead letter."""
        self.count += 1
        if self._output is None:
            self._notices.tell(f"dead letter at line {line_number}: {reason}")
        else:
            self._output.write(msgspec.json.encode(_letter(line_number, reason, line)) + b"\n")

    def flush(self) -> None:
        """Write out what is buffered."""
        if self._output is not None:
            self._output.flush()


def _letter(line_number: int, reason: str, line: Line) -> DeadLetter:
    kept, length = (line.beginning, line.length) if isinstance(line, LongLine) else (line, None)
    try:
        text, exact = kept.decode(), None
    except UnicodeDecodeError:
        text, exact = kept.decode(errors="replace"), b64encode(kept).decode()
    return DeadLetter(line_number, reason, text, exact, length)
