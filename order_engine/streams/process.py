"""``process``: applies a stream of commands to a matching engine, without server, journal or database."""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO, UnsupportedOperation
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from order_engine.matching.commands import Configure
from order_engine.matching.engine import MatchingEngine
from order_engine.streams.dead_letters import DeadLetters
from order_engine.streams.errors import StreamFileError
from order_engine.streams.input_file import InputFile
from order_engine.streams.lines import RawInput
from order_engine.streams.ndjson_sink import EveryEventSink, TradeSink, write_books
from order_engine.streams.ndjson_source import NdjsonSource
from order_engine.streams.notices import Notices
from order_engine.streams.output_file import OutputFile, RawOutput, open_output
from order_engine.streams.ports import EventSink
from order_engine.streams.pump import Pump
from order_engine.streams.summary import Progress, Summary

COLLECTION_THRESHOLDS = (100_000, 50, 1_000)

EXIT_DONE = 0
EXIT_UNUSABLE = 2


class ProcessOptions(Struct, frozen=True, kw_only=True):
    """The input and the outputs; ``-`` is standard input or output, None means that it is not wanted."""

    commands: str
    trades: str | None = None
    events: str | None = None
    dead_letters: str | None = None
    book: str | None = None
    progress: bool = False
    settings: Configure = Configure()

    @property
    def outputs(self) -> dict[str, str]:
        """The names of the wanted outputs, by option."""
        named = {
            "--trades": self.trades,
            "--events": self.events,
            "--dead-letters": self.dead_letters,
            "--book": self.book,
        }
        return {option: name for option, name in named.items() if name is not None}


class StandardStreams(Struct, frozen=True):
    """The standard streams of a process; input and output are unbuffered."""

    input: RawInput
    output: RawOutput
    error: TextIO


def run_process(options: ProcessOptions) -> int:
    """Process a stream, print a summary on standard error, and return the exit code: 0 all read, 2 unusable files."""
    streams = StandardStreams(_standard_input(), _standard_output(), sys.stderr)
    try:
        with _rare_collections():
            summary = process_stream(options, streams)
    except OSError as error:
        sys.stderr.write(f"process: {error}\n")
        return EXIT_UNUSABLE
    sys.stderr.write(f"{summary}\n")
    return EXIT_DONE


def process_stream(
    options: ProcessOptions, streams: StandardStreams, clock_ns: Callable[[], int] = time.perf_counter_ns
) -> Summary:
    """Apply every command of a stream; raise ``StreamFileError`` if a file cannot be read or written."""
    _refuse_shared_files(options)
    started_ns = clock_ns()
    engine = MatchingEngine()
    engine.give_settings(options.settings)
    with ExitStack() as stack:
        # The input first: if it cannot be opened, no output is touched.
        commands = stack.enter_context(InputFile(options.commands, streams.input))
        outputs = {
            option: stack.enter_context(open_output(name, streams.output)) for option, name in options.outputs.items()
        }
        dead_letters = DeadLetters(outputs.get("--dead-letters"), Notices(streams.error, "dead letters"))
        source = NdjsonSource(commands, dead_letters, Notices(streams.error, "gaps"))
        pump = Pump(engine, _sinks(outputs))
        pump.run(source, Progress(streams.error if options.progress else None, pump, clock_ns).show)
        if "--book" in outputs:
            write_books(engine, outputs["--book"])
    return Summary(
        commands=pump.commands,
        trades=pump.trades,
        refusals=pump.refusals,
        duplicates=source.duplicates,
        gaps=source.gaps,
        dead_letters=dead_letters.count,
        duration_ns=clock_ns() - started_ns,
    )


def _sinks(outputs: dict[str, OutputFile]) -> list[EventSink]:
    sinks: list[EventSink] = []
    if "--trades" in outputs:
        sinks.append(TradeSink(outputs["--trades"]))
    if "--events" in outputs:
        sinks.append(EveryEventSink(outputs["--events"]))
    return sinks


def _refuse_shared_files(options: ProcessOptions) -> None:
    used = {} if options.commands == "-" else {_place_of(options.commands): "the commands"}
    for option, name in options.outputs.items():
        place = _place_of(name)
        if place in used:
            raise StreamFileError(f"{option} {name} is already used for {used[place]}")
        # Several outputs may share a device such as /dev/null.
        if name == "-" or Path(place).is_file() or not Path(place).exists():
            used[place] = option


def _place_of(name: str) -> str:
    return name if name == "-" else os.path.realpath(name)


@contextmanager
def _rare_collections() -> Iterator[None]:
    # Collections traverse all live orders, and these never form garbage cycles: collect rarely.
    thresholds = gc.get_threshold()
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


def _standard_input() -> RawInput:
    try:
        return FileIO(sys.stdin.fileno(), "rb", closefd=False)
    except UnsupportedOperation:
        # A stream without a file descriptor, as in tests.
        return sys.stdin.buffer


def _standard_output() -> RawOutput:
    try:
        return FileIO(sys.stdout.fileno(), "wb", closefd=False)
    except UnsupportedOperation:
        return sys.stdout.buffer
