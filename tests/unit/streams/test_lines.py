"""Lines: whole and in order from any pieces, and only the beginning of a long one."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from order_engine.streams.lines import CHUNK_LENGTH, KEPT_OF_LONG_LINE, LINE_LENGTH_MAX, Line, LongLine, line_batches
from tests.unit.streams.stream_fixtures import InputInPieces


def lines_of(*pieces: bytes) -> list[Line]:
    return [line for batch in line_batches(InputInPieces(pieces)) for line in batch]


@given(pieces=st.lists(st.text(alphabet="ab\n", max_size=8).map(str.encode), max_size=10))
def test_lines_are_the_same_however_they_are_cut(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    expected = whole.split(b"\n")

    assert lines_of(*pieces) == (expected if expected[-1] else expected[:-1])


def test_last_line_needs_no_line_feed() -> None:
    assert lines_of(b"a\nb") == [b"a", b"b"]


def test_nothing_has_no_lines() -> None:
    assert lines_of() == []


def test_what_came_in_together_is_handed_on_before_more_is_read() -> None:
    batches = line_batches(InputInPieces([b"a\nb\nc", b"c\n"]))

    assert next(batches) == [b"a", b"b"]
    assert next(batches) == [b"cc"]


def test_line_of_the_greatest_length_is_kept_whole() -> None:
    line = b"x" * LINE_LENGTH_MAX

    assert lines_of(line, b"\n") == [line]


def test_longer_line_is_cut_and_counted_and_the_next_one_is_whole() -> None:
    pieces = [b"y" * 100_000] * 30

    lines = lines_of(*pieces, b"yy\nnext\n")

    assert lines == [LongLine(b"y" * KEPT_OF_LONG_LINE, 3_000_002), b"next"]


def test_long_line_at_the_end_is_cut_too() -> None:
    assert lines_of(b"a\n", b"z" * (LINE_LENGTH_MAX + 1)) == [
        b"a",
        LongLine(b"z" * KEPT_OF_LONG_LINE, LINE_LENGTH_MAX + 1),
    ]


def test_line_without_end_takes_no_more_memory_than_a_long_one() -> None:
    class EndlessLine:
        def __init__(self) -> None:
            self.chunks = 200

        def read(self, size: int, /) -> bytes:
            self.chunks -= 1
            return b"x" * size if self.chunks >= 0 else b""

    tracemalloc.start()
    batches = list(line_batches(EndlessLine()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert batches == [[LongLine(b"x" * KEPT_OF_LONG_LINE, 200 * CHUNK_LENGTH)]]
    assert peak < 4 * LINE_LENGTH_MAX
