"""Following a live journal: everything up to the watermark, once, in order, in archived segments too."""

from pathlib import Path
from threading import Lock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from order_engine.journal import segment_reading
from order_engine.journal.archive import move_to_archive
from order_engine.journal.committer import Committer, SyncMode
from order_engine.journal.disk import Disk, LocalDisk
from order_engine.journal.errors import JournalDamaged, JournalGap, JournalTooNew, JournalUnreadable
from order_engine.journal.record import Record, decode_record
from order_engine.journal.segments import list_segments, segment_path
from order_engine.journal.tail import Tail
from tests.fakes.fake_disk import FakeDisk
from tests.fakes.simulated_disk import SimulatedDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    PATIENCE_SECONDS,
    begin_segment,
    big_cancel,
    cancels,
    in_thread,
    open_committer,
    write,
    write_journal,
)

ARCHIVE = Path("/archive")


def open_tail(disk: Disk, directory: Path = DIRECTORY, archive: Path | None = ARCHIVE, **options: int) -> Tail:
    return Tail(directory, disk, **{"rules_version": 1, "archive": archive, **options})  # type: ignore[arg-type]


def read_sequences(tail: Tail, until_sequence: int, records_max: int = 1_000) -> list[int]:
    return [record.sequence for record in tail.read(until_sequence, records_max)]


def read_to(tail: Tail, sequence: int, found: list[Record]) -> None:
    """Read call by call, so that a fault comes after the records before it."""
    while tail.position < sequence:
        found += tail.read(sequence)


def simulated_disk() -> SimulatedDisk:
    disk = SimulatedDisk()
    disk.make_directory(DIRECTORY)
    return disk


@pytest.fixture(params=["fake", "simulated", "local"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Disk, Path]:
    """A disk of each kind, and the journal's directory on it."""
    if request.param == "fake":
        return FakeDisk(), DIRECTORY
    if request.param == "simulated":
        return simulated_disk(), DIRECTORY
    return LocalDisk(), tmp_path


def test_tail_reads_what_came_since_the_last_call(place: tuple[Disk, Path]) -> None:
    committer, tail = open_committer(*place), open_tail(*place)

    assert tail.read(0) == []
    write(committer, cancels(1), cancels(2, 3))
    assert tail.read(4) == [cancels(1), cancels(2, 3)]
    assert tail.position == 4
    assert tail.read(4) == []
    write(committer, cancels(5))
    assert tail.read(5) == [cancels(5)]

    tail.close()
    committer.close()


def test_tail_goes_on_in_the_next_segment(place: tuple[Disk, Path]) -> None:
    committer, tail = open_committer(*place, segment_bytes_max=1), open_tail(*place)

    for sequence in range(1, 6):
        write(committer, cancels(sequence))
        assert tail.read(sequence) == [cancels(sequence)]

    tail.close()
    committer.close()


def test_tail_never_passes_the_watermark_within_a_frame() -> None:
    disk = FakeDisk()
    committer, tail = open_committer(disk), open_tail(disk)
    for sequence in (1, 2, 5, 6):
        committer.append(cancels(sequence, 3 if sequence == 2 else 1))
    committer.commit()

    assert read_sequences(tail, 1) == [1]
    assert read_sequences(tail, 3) == []
    assert tail.position == 1
    assert read_sequences(tail, 4) == [2]
    assert read_sequences(tail, 6) == [5, 6]


def test_tail_does_not_look_beyond_the_watermark() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))
    disk.put(FIRST_SEGMENT, disk.content(FIRST_SEGMENT) + b"F1 d half a frame that is being written")

    assert read_sequences(open_tail(disk), 1) == [1]


def test_frame_that_was_half_there_when_others_were_read_is_read_once_it_is_whole() -> None:
    disk = FakeDisk()
    committer, tail = open_committer(disk), open_tail(disk)
    write(committer, cancels(1), cancels(2))
    whole = disk.content(FIRST_SEGMENT)
    half = disk.size(FIRST_SEGMENT) - 50
    disk.put(FIRST_SEGMENT, whole[:half])
    assert read_sequences(tail, 1) == [1]

    disk.open_append(FIRST_SEGMENT).write(whole[half:])

    assert read_sequences(tail, 2) == [2]


def test_tail_hands_out_at_most_as_many_records_as_asked_for() -> None:
    disk = FakeDisk()
    committer, tail = open_committer(disk), open_tail(disk)
    for sequence in range(1, 8):
        committer.append(cancels(sequence))
    committer.commit()
    write(committer, cancels(8))

    assert [read_sequences(tail, 8, 3) for _ in range(4)] == [[1, 2, 3], [4, 5, 6], [7, 8], []]


def test_record_larger_than_the_read_buffer_is_read_whole(place: tuple[Disk, Path]) -> None:
    records = [big_cancel(1, 3 << 20), cancels(2), big_cancel(3, 300_000)]
    write_journal(place[0], *records, directory=place[1], segment_bytes_max=64 << 20)
    tail = open_tail(*place)

    assert tail.read(3) == records

    tail.close()


@pytest.mark.parametrize(("after", "expected"), [(0, [1, 2, 5]), (1, [2, 5]), (4, [5]), (5, [])])
@pytest.mark.parametrize("segment_bytes_max", [1, 1 << 20])
def test_tail_begins_after_a_sequence(after: int, expected: list[int], segment_bytes_max: int) -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2, 3), cancels(5), segment_bytes_max=segment_bytes_max)

    assert read_sequences(open_tail(disk, after_sequence=after), 5) == expected


def test_records_before_the_beginning_are_decoded_once_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    disk, decoded = FakeDisk(), []
    committer = open_committer(disk)
    write(committer, *(cancels(sequence) for sequence in range(1, 11)))
    tail = open_tail(disk, after_sequence=8)

    def decode(line: bytes) -> Record:
        record = decode_record(line)
        decoded.append(record.sequence)
        return record

    monkeypatch.setattr(segment_reading, "record_decoder", lambda _: decode)
    for sequence in range(8, 14):
        tail.read(sequence)
        write(committer, cancels(sequence + 3))

    assert decoded == list(range(1, 14))


def test_beginning_inside_a_batch_is_refused() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2, 3), cancels(5))

    with pytest.raises(JournalGap, match="sequence 3 lies inside the record 2 to 4"):
        open_tail(disk, after_sequence=3).read(5)


def test_open_segment_that_is_archived_is_read_to_its_end(place: tuple[Disk, Path]) -> None:
    disk, directory = place
    archive = directory.parent / "archive"
    committer, tail = open_committer(disk, directory), open_tail(disk, directory, archive)
    write(committer, cancels(1), cancels(2))
    assert read_sequences(tail, 1) == [1]
    for sequence in (3, 4, 5):
        begin_segment(committer)
        write(committer, cancels(sequence))

    for segment in list_segments(directory, disk)[:3]:
        move_to_archive(segment, archive, disk)

    assert read_sequences(tail, 5) == [2, 3, 4, 5]
    tail.close()
    committer.close()


def test_tail_that_begins_in_the_archive_comes_back_to_the_journal() -> None:
    disk = FakeDisk()
    write_journal(disk, *(cancels(sequence) for sequence in range(1, 6)), segment_bytes_max=1)
    for segment in list_segments(DIRECTORY, disk)[:3]:
        move_to_archive(segment, ARCHIVE, disk)

    assert read_sequences(open_tail(disk, after_sequence=1), 5) == [2, 3, 4, 5]


def test_segment_that_was_deleted_before_the_tail_began_is_a_gap() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2), segment_bytes_max=1)
    disk.remove(FIRST_SEGMENT)

    with pytest.raises(JournalGap, match="begins at 2, records from 1"):
        open_tail(disk).read(2)


def test_journal_that_ends_below_the_watermark_is_damaged() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2))
    tail = open_tail(disk)

    assert read_sequences(tail, 3) == [1, 2]
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="expected records up to sequence 3, found the end at 2"):
            tail.read(3)


def test_journal_of_which_only_a_header_is_left_is_damaged() -> None:
    disk = FakeDisk()
    open_committer(disk).close()

    with pytest.raises(JournalDamaged, match="expected records up to sequence 1, found the end at 0"):
        open_tail(disk).read(1)


def test_journal_that_is_not_there_cannot_be_read() -> None:
    with pytest.raises(JournalUnreadable, match=r"00001\.journal"):
        open_tail(FakeDisk()).read(1)


def test_segment_of_another_journal_is_damage() -> None:
    disk, other = FakeDisk(), FakeDisk()
    write_journal(disk, cancels(1), cancels(2), segment_bytes_max=1)
    write(open_committer(other, journal_id="another", segment_bytes_max=1), cancels(1), cancels(2))
    disk.put(segment_path(DIRECTORY, 2), other.content(segment_path(DIRECTORY, 2)))
    tail = open_tail(disk)

    assert read_sequences(tail, 2) == [1]
    for _ in range(2):
        with pytest.raises(JournalDamaged, match="found another"):
            tail.read(2)


def test_rules_newer_than_ours_are_refused_by_name() -> None:
    disk = FakeDisk()
    write(open_committer(disk, rules=2), cancels(1))

    with pytest.raises(JournalTooNew, match="rules_version 2"):
        open_tail(disk).read(1)


def test_every_cut_and_every_flipped_bit_below_the_watermark_is_found_after_what_is_whole() -> None:
    records = [cancels(1), cancels(2, 2), cancels(4)]
    disk = FakeDisk()
    write_journal(disk, *records)
    content = disk.content(FIRST_SEGMENT)
    harmed = [content[:length] for length in range(len(content))]
    for bit in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        harmed.append(bytes(flipped))

    for bad in harmed:
        disk.put(FIRST_SEGMENT, bad)
        tail, found = open_tail(disk), []
        with pytest.raises(JournalDamaged, match=str(FIRST_SEGMENT)):
            read_to(tail, 4, found)
        assert found == records[: len(found)]


def test_disk_that_could_not_be_read_for_a_while_is_read_on_where_it_stopped() -> None:
    class BlindDisk(FakeDisk):
        is_blind = False

        def open_read(self, path):  # type: ignore[no-untyped-def]  # It may never return.
            if self.is_blind:
                raise OSError(5, "Input/output error")
            return super().open_read(path)

    disk = BlindDisk()
    write_journal(disk, *(cancels(sequence) for sequence in range(1, 5)), segment_bytes_max=1)
    tail = open_tail(disk)
    assert read_sequences(tail, 2) == [1, 2]

    disk.is_blind = True
    with pytest.raises(JournalUnreadable, match="Input/output error"):
        tail.read(4)
    disk.is_blind = False

    assert read_sequences(tail, 4) == [3, 4]


def test_tail_follows_64_threads_that_append(tmp_path: Path) -> None:
    disk = LocalDisk()
    committer = open_committer(disk, tmp_path, segment_bytes_max=10_000)
    committer.start()
    tail, found = open_tail(disk, tmp_path, tmp_path / "archive"), []
    numbers, exchange_lock = iter(range(1, 64 * 20 + 1)), Lock()

    def append() -> None:
        for _ in range(20):
            with exchange_lock:
                committer.append(cancels(next(numbers)))

    def follow() -> None:
        while tail.position < 64 * 20:
            committer.wait_visible(tail.position + 1, PATIENCE_SECONDS)
            found.extend(tail.read(committer.visible_sequence, 17))

    following = in_thread(follow)
    appending = [in_thread(append) for _ in range(64)]

    assert [thread.join().error for thread in [*appending, following]] == [None] * 65
    assert found == [cancels(sequence) for sequence in range(1, 64 * 20 + 1)]
    tail.close()
    committer.close()


STEPS = st.one_of(
    st.tuples(st.just("append"), st.sampled_from([1, 1, 2, 5])),
    st.tuples(st.just("big"), st.just(9_000)),
    st.tuples(st.just("commit"), st.just(0)),
    st.tuples(st.just("read"), st.integers(1, 4)),
    st.tuples(st.just("archive"), st.just(0)),
    st.tuples(st.just("sync"), st.just(0)),
    st.tuples(st.just("reopen"), st.just(0)),
)


class Following:
    """A journal, its committer and a tail, with what each has done so far."""

    def __init__(self, disk: Disk, mode: SyncMode, segment_bytes_max: int) -> None:
        self.disk = disk
        self.committer: Committer = open_committer(disk, sync=mode, segment_bytes_max=segment_bytes_max)
        self.tail = open_tail(disk)
        self.appended: list[Record] = []
        self.found: list[Record] = []

    def step(self, name: str, amount: int) -> None:
        sequence = self.committer.appended_sequence + 1
        if name in ("append", "big"):
            record = cancels(sequence, amount) if name == "append" else big_cancel(sequence, amount)
            self.committer.append(record)
            self.appended.append(record)
        elif name == "commit":
            self.committer.commit()
        elif name == "sync":
            self.committer.sync()
        elif name == "read":
            self.found += self.tail.read(self.committer.visible_sequence, amount)
        elif name == "archive":
            for segment in list_segments(DIRECTORY, self.disk)[:-1]:
                move_to_archive(segment, ARCHIVE, self.disk)
        else:
            self.tail.close()
            self.tail = open_tail(self.disk, after_sequence=self.tail.position)

    def check(self) -> None:
        visible = [record for record in self.appended if record.last_sequence <= self.committer.visible_sequence]
        assert self.found == visible[: len(self.found)]
        assert self.tail.position == (self.found[-1].last_sequence if self.found else 0)


@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(STEPS, max_size=60),
    mode=st.sampled_from(list(SyncMode)),
    segment_bytes_max=st.sampled_from([1, 400, 20_000]),
    is_simulated=st.booleans(),
)
def test_any_interleaving_gives_exactly_the_records_up_to_the_watermark(
    steps: list[tuple[str, int]], mode: SyncMode, segment_bytes_max: int, is_simulated: bool
) -> None:
    following = Following(simulated_disk() if is_simulated else FakeDisk(), mode, segment_bytes_max)

    for name, amount in steps:
        following.step(name, amount)
        following.check()

    visible = following.committer.visible_sequence
    following.found += following.tail.read(visible)
    assert following.found == [record for record in following.appended if record.last_sequence <= visible]
