"""Any bytes as a journal give a clear error, or records that were written, in order and without a gap."""

import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.journal.disk import LocalDisk
from order_engine.journal.errors import JournalDamaged, JournalError
from order_engine.journal.frames import PAYLOAD_BYTES_MAX, Flag, encode_frame
from order_engine.journal.record import Record
from order_engine.journal.segments import segment_path
from order_engine.journal.tail import Tail
from tests.fakes.fake_disk import FakeDisk
from tests.fuzz.mutations import MUTATIONS, Mutation, mutate_all
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    big_cancel,
    cancels,
    read_all,
    write_journal,
)

RECORDS = [cancels(1), cancels(2, 3), big_cancel(5), cancels(6), cancels(7), cancels(8, 2), cancels(10)]
SEGMENT_BYTES_MAX = 1_200
FRAME_FILL = st.one_of(
    st.binary(min_size=1, max_size=60),
    st.sampled_from([b'{"x":' * 2_000, b'{"commands":' + b"[" * 2_000, b'{"sequence":' + b"9" * 5_000]),
    st.builds(
        b'{"sequence":%d,"timestamp_ns":%d,"commands":[{"type":"%b","order_id":"%b"}]}'.__mod__,
        st.tuples(st.integers(-1, 3), st.integers(), st.sampled_from([b"cancel_order/1", b"x"]), st.binary(max_size=5)),
    ),
)


def written() -> dict[str, bytes]:
    """A journal of several segments, by name."""
    disk = FakeDisk()
    write_journal(disk, *RECORDS, segment_bytes_max=SEGMENT_BYTES_MAX)
    return {name: disk.content(DIRECTORY / name) for name in disk.names(DIRECTORY)}


WRITTEN = written()


def read_or_refuse(files: dict[str, bytes]) -> list[Record] | None:
    """Read a journal to its end; None if it is refused. Any exception but a ``JournalError`` fails the test."""
    disk = FakeDisk()
    for name, content in files.items():
        disk.put(DIRECTORY / name, content)
    try:
        return read_all(disk)[0]
    except JournalError:
        return None


@settings(max_examples=600, deadline=None)
@given(name=st.sampled_from(sorted(WRITTEN)), mutations=st.lists(MUTATIONS, min_size=1, max_size=3))
def test_mutated_segment_is_refused_or_ends_the_journal_early(name: str, mutations: list[Mutation]) -> None:
    records = read_or_refuse({**WRITTEN, name: mutate_all(WRITTEN[name], mutations)})

    assert records is None or records == RECORDS[: len(records)]


def follow_or_refuse(files: dict[str, bytes], until_sequence: int) -> tuple[list[Record], bool]:
    """Follow a journal up to a watermark; return the records read, and whether that is all."""
    disk, found = FakeDisk(), []
    for name, content in files.items():
        disk.put(DIRECTORY / name, content)
    tail = Tail(DIRECTORY, disk, rules_version=1)
    try:
        while tail.position < until_sequence:
            found += tail.read(until_sequence, 2)
    except JournalError:
        return found, False
    return found, True


@settings(max_examples=600, deadline=None)
@given(name=st.sampled_from(sorted(WRITTEN)), mutations=st.lists(MUTATIONS, min_size=1, max_size=3))
def test_mutated_segment_is_followed_to_the_watermark_or_refused(name: str, mutations: list[Mutation]) -> None:
    found, is_all = follow_or_refuse({**WRITTEN, name: mutate_all(WRITTEN[name], mutations)}, 10)

    assert found == (RECORDS if is_all else RECORDS[: len(found)])


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=200) | st.binary(max_size=60).map(lambda end: b"F1 d" + end))
def test_arbitrary_bytes_below_the_watermark_are_refused(content: bytes) -> None:
    assert follow_or_refuse({FIRST_SEGMENT.name: content}, 1) == ([], False)
    assert follow_or_refuse({**WRITTEN, segment_path(DIRECTORY, 11).name: content}, 11) == (RECORDS, False)


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=200) | st.binary(max_size=60).map(lambda end: b"F1 d" + end))
def test_arbitrary_bytes_are_refused_or_an_empty_journal(content: bytes) -> None:
    assert not read_or_refuse({FIRST_SEGMENT.name: content})
    ending = read_or_refuse({**WRITTEN, segment_path(DIRECTORY, 11).name: content})
    assert ending is None or ending == RECORDS


@settings(max_examples=300, deadline=None)
@given(payloads=st.lists(FRAME_FILL, min_size=1, max_size=3), is_header_kept=st.booleans())
def test_whole_frames_of_arbitrary_payload_are_refused_or_read_in_sequence(
    payloads: list[bytes], is_header_kept: bool
) -> None:
    header = WRITTEN[FIRST_SEGMENT.name].split(b"F1 ", 2)[1] if is_header_kept else b""
    frames = [encode_frame(Flag.DURABLE, payload) for payload in payloads]

    records = read_or_refuse({FIRST_SEGMENT.name: (b"F1 " + header if header else b"") + b"".join(frames)})

    assert records is None or [record.sequence for record in records] == list(range(1, len(records) + 1))


@settings(max_examples=200, deadline=None)
@given(gone=st.sets(st.sampled_from(sorted(WRITTEN)), min_size=1), swapped=st.sampled_from(sorted(WRITTEN)))
def test_lost_or_swapped_segment_is_refused_or_ends_the_journal_early(gone: set[str], swapped: str) -> None:
    left = {name: content for name, content in WRITTEN.items() if name not in gone}
    records = read_or_refuse(left)
    assert records is None or records == RECORDS[: len(records)]

    for name in gone - {swapped}:
        assert read_or_refuse({**WRITTEN, name: WRITTEN[swapped]}) is None


def test_header_that_claims_too_much_takes_no_memory(tmp_path: Path) -> None:
    checked = b"F1 d %08x %08x " % (PAYLOAD_BYTES_MAX, 0)
    path = segment_path(tmp_path, 1)
    path.write_bytes(WRITTEN[FIRST_SEGMENT.name] + b"%b%08x\n" % (checked, zlib.crc32(checked)) + b"x" * 1_000)
    segment_path(tmp_path, 2).write_bytes(b"")
    tracemalloc.start()
    try:
        with pytest.raises(JournalDamaged, match=str(path)):
            read_all(LocalDisk(), tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()
