"""Reads commands from newline-delimited JSON, with their sequence and timestamp. Every line is counted."""

from collections.abc import Iterator

from order_engine.streams.dead_letters import DeadLetters
from order_engine.streams.lines import LINE_LENGTH_MAX, LongLine, RawInput, line_batches
from order_engine.streams.messages import CommandReader, Message, decode_message
from order_engine.streams.notices import Notices
from order_engine.streams.ports import Received
from order_engine.wire.form import FormError
from order_engine.wire.timestamps import parse_timestamp

SEQUENCE_MAX = 2**63 - 1
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NdjsonSource:
    """One command a line. A line is a command, a duplicate, a dead letter, or blank.

    A line whose ``seq`` is valid counts as seen, even if the rest of the line is invalid.
    """

    def __init__(self, stream: RawInput, dead_letters: DeadLetters, gap_notices: Notices) -> None:
        self.duplicates = 0
        self.gaps = 0
        self._stream = stream
        self._dead_letters = dead_letters
        self._gap_notices = gap_notices
        self._commands = CommandReader()
        self._line_number = 0
        self._last_sequence = 0
        self._timestamp_ns = 0

    def batches(self) -> Iterator[list[Received]]:
        """Yield the commands in batches as their lines were read."""
        for lines in line_batches(self._stream):
            batch: list[Received] = []
            for line in lines:
                self._line_number += 1
                if isinstance(line, LongLine):
                    self._dead_letters.write(self._line_number, f"Longer than {LINE_LENGTH_MAX} bytes.", line)
                    continue
                try:
                    received = self._receive(line)
                except FormError as error:
                    self._dead_letters.write(self._line_number, str(error), line.rstrip(b"\r"))
                else:
                    if received is not None:
                        batch.append(received)
            self._dead_letters.flush()
            yield batch

    def _receive(self, line: bytes) -> Received | None:
        if self._line_number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)
        if not line or line.isspace():
            return None
        message = decode_message(line)
        sequence = self._sequence_of(message)
        if sequence is None:
            return None
        timestamp_ns = self._timestamp_of(message)
        command = self._commands.read(message)
        self._last_sequence, self._timestamp_ns = sequence, timestamp_ns
        return Received(sequence, timestamp_ns, command)

    def _sequence_of(self, message: Message) -> int | None:
        sequence = message.pop("seq", None)
        expected = self._last_sequence + 1
        if sequence == expected and type(sequence) is int:
            self._last_sequence = expected
            return expected
        if sequence is None:
            # It counts as seen only if the line is a valid command.
            return expected
        if type(sequence) is not int or not 1 <= sequence <= SEQUENCE_MAX:
            raise FormError({"seq": [f"Must be a whole number from 1 to {SEQUENCE_MAX}."]})
        if sequence < expected:
            self.duplicates += 1
            return None
        self.gaps += 1
        self._gap_notices.tell(f"gap at line {self._line_number}: expected seq {expected}, found {sequence}")
        self._last_sequence = sequence
        return sequence

    def _timestamp_of(self, message: Message) -> int:
        timestamp = message.pop("timestamp", None)
        if timestamp is None:
            return self._timestamp_ns
        try:
            return max(self._timestamp_ns, parse_timestamp(timestamp))
        except ValueError as error:
            raise FormError({"timestamp": [str(error)]}) from error
