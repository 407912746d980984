"""Torn tail or damage: what a crash may leave, and what it may not."""

import re

import pytest

from order_engine.journal import torn_tail
from order_engine.journal.errors import JournalDamaged
from order_engine.journal.frames import Flag, encode_frame
from order_engine.journal.record import Record, encode_record
from order_engine.journal.segments import segment_path
from tests.fakes.fake_disk import SECTOR_BYTES, FakeDisk
from tests.unit.journal.journal_fixtures import (
    DIRECTORY,
    FIRST_SEGMENT,
    big_cancel,
    cancels,
    open_committer,
    read_all,
    sequences,
    write,
    write_journal,
)


def frame(flag: Flag, *records: Record) -> bytes:
    return encode_frame(flag, b"".join(encode_record(record) + b"\n" for record in records))


def journal(*frames: bytes) -> tuple[FakeDisk, list[int]]:
    """A journal of one record and these frames, with the offset of each frame and of the end."""
    disk = FakeDisk()
    write_journal(disk, cancels(1))
    offsets = [disk.size(FIRST_SEGMENT)]
    for raw in frames:
        disk.put(FIRST_SEGMENT, disk.content(FIRST_SEGMENT) + raw)
        offsets.append(disk.size(FIRST_SEGMENT))
    return disk, offsets


def put_zeros(disk: FakeDisk, begin: int, end: int) -> None:
    content = disk.content(FIRST_SEGMENT)
    disk.put(FIRST_SEGMENT, content[:begin] + bytes(end - begin) + content[end:])


def next_sector(position: int) -> int:
    return position - position % SECTOR_BYTES + SECTOR_BYTES


def assert_torn(disk: FakeDisk, at: int) -> None:
    records, end = read_all(disk)
    assert [record.sequence for record in records] == [1]
    assert end.torn is not None
    assert (end.torn.offset, end.torn.length) == (at, disk.size(FIRST_SEGMENT) - at)
    assert end.offset == at


def assert_damaged(disk: FakeDisk, at: int, found: str = "") -> None:
    with pytest.raises(JournalDamaged, match=re.escape(f"{FIRST_SEGMENT}: at byte {at}: expected ") + f".*{found}"):
        read_all(disk)


def test_every_flipped_bit_is_found() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2, 2), segment_bytes_max=250)
    write_journal(disk, cancels(4), cancels(5), segment_bytes_max=250)
    whole = {name: disk.content(DIRECTORY / name) for name in disk.names(DIRECTORY)}
    assert len(whole) > 1

    for name, content in whole.items():
        for bit in range(len(content) * 8):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            disk.put(DIRECTORY / name, bytes(flipped))
            with pytest.raises(JournalDamaged, match=name):
                read_all(disk)
        disk.put(DIRECTORY / name, content)
    assert sequences(disk) == [1, 2, 4, 5]


def test_every_zeroed_byte_is_found() -> None:
    disk, offsets = journal(frame(Flag.DURABLE, big_cancel(2)))
    content = disk.content(FIRST_SEGMENT)
    # A single byte in a sector of its own cannot be told from a lost sector: the fixture has none.
    assert (offsets[0] + 1) % SECTOR_BYTES != 0
    assert (offsets[1] - 1) % SECTOR_BYTES != 0

    for position in range(len(content)):
        disk.put(FIRST_SEGMENT, content[:position] + b"\0" + content[position + 1 :])
        with pytest.raises(JournalDamaged):
            read_all(disk)


def test_last_frame_cut_at_every_byte_ends_the_journal_cleanly() -> None:
    disk, (start, end) = journal(frame(Flag.DURABLE, big_cancel(2)))

    for length in range(end - 1, start, -1):
        disk.truncate(FIRST_SEGMENT, length)
        assert_torn(disk, start)
    disk.truncate(FIRST_SEGMENT, start)
    assert read_all(disk)[1].torn is None


def test_frame_cut_short_in_a_sealed_segment_is_damage() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2), segment_bytes_max=1)
    disk.truncate(FIRST_SEGMENT, disk.size(FIRST_SEGMENT) - 1)

    with pytest.raises(JournalDamaged, match=r"00001.journal: at byte \d+: expected a payload of \d+ bytes"):
        read_all(disk)


def test_sealed_segment_cut_between_frames_is_damage() -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1))
    length = disk.size(FIRST_SEGMENT)
    write_journal(disk, cancels(2))
    write_journal(disk, cancels(3), segment_bytes_max=1)
    disk.truncate(FIRST_SEGMENT, length)

    with pytest.raises(JournalDamaged, match=r"00003.journal: .* expected the segment of sequence 2, found 3"):
        read_all(disk)


@pytest.mark.parametrize("cut", range(0, 160, 7))
def test_last_segment_without_a_whole_header_is_torn(cut: int) -> None:
    disk = FakeDisk()
    write_journal(disk, cancels(1), cancels(2), segment_bytes_max=1)
    second = segment_path(DIRECTORY, 2)
    disk.truncate(second, cut)

    records, end = read_all(disk)

    assert [record.sequence for record in records] == [1]
    assert end.segment == (FIRST_SEGMENT, 1)
    assert end.torn is not None
    assert (end.torn.path, end.torn.offset, end.torn.length) == (second, 0, cut)


def test_lost_sector_in_the_last_frame_is_torn() -> None:
    disk, (start, end) = journal(frame(Flag.DURABLE, big_cancel(2)))
    content = disk.content(FIRST_SEGMENT)
    sectors = [start, *range(next_sector(start), end, SECTOR_BYTES)]
    assert len(sectors) > 3

    for sector in sectors:
        disk.put(FIRST_SEGMENT, content)
        put_zeros(disk, sector, min(next_sector(sector), end))
        assert_torn(disk, start)


def test_file_that_grew_by_zeros_only_is_torn() -> None:
    disk, (start, end) = journal(frame(Flag.DURABLE, big_cancel(2)))

    put_zeros(disk, start, end)

    assert_torn(disk, start)


def test_zeros_beside_sector_boundaries_are_damage() -> None:
    disk, (start, _) = journal(frame(Flag.DURABLE, big_cancel(2)))
    sector = next_sector(next_sector(start))
    content = disk.content(FIRST_SEGMENT)

    for begin, end in [
        (sector + 1, sector + SECTOR_BYTES),
        (sector, sector + SECTOR_BYTES - 1),
        (sector, sector + 600),
    ]:
        disk.put(FIRST_SEGMENT, content)
        put_zeros(disk, begin, end)
        assert_damaged(disk, start)


def test_lost_sector_before_a_frame_that_was_written_after_a_sync_is_damage() -> None:
    disk, (start, second, _) = journal(frame(Flag.SYNCED, big_cancel(2)), frame(Flag.SYNCED, cancels(3)))

    put_zeros(disk, next_sector(start), next_sector(next_sector(start)))

    assert_damaged(disk, start, f"at byte {second} a frame that was written once this one was on disk")


def test_lost_header_before_a_frame_that_was_written_after_a_sync_is_damage() -> None:
    disk, (start, second, _) = journal(frame(Flag.SYNCED, big_cancel(2)), frame(Flag.DURABLE, cancels(3)))

    put_zeros(disk, start, next_sector(start))

    assert_damaged(disk, start, f"at byte {second} a frame that was written once this one was on disk")


def test_lost_sector_before_frames_of_the_same_unsynced_tail_is_torn() -> None:
    disk, (start, *_) = journal(
        frame(Flag.SYNCED, big_cancel(2)), frame(Flag.UNSYNCED, cancels(3)), frame(Flag.UNSYNCED, cancels(4))
    )

    put_zeros(disk, next_sector(start), next_sector(next_sector(start)))

    assert_torn(disk, start)


def test_zeros_from_a_durable_frame_over_the_next_are_damage() -> None:
    # In the mode `always` nothing is written before the frame is on disk, so bytes after the zeros prove damage.
    disk, (start, _, end) = journal(frame(Flag.DURABLE, big_cancel(2)), frame(Flag.DURABLE, cancels(3)))

    put_zeros(disk, next_sector(start), end)

    assert_damaged(disk, start, "bytes after it, written once it was on disk")


def test_synced_frame_is_found_wherever_it_lies_in_a_long_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torn_tail, "_SCAN_BYTES", 7)
    tail = [frame(Flag.UNSYNCED, cancels(sequence)) for sequence in range(3, 33)]
    disk, (start, *_, last, _) = journal(frame(Flag.SYNCED, big_cancel(2)), *tail, frame(Flag.SYNCED, cancels(33)))

    put_zeros(disk, next_sector(start), next_sector(next_sector(start)))

    assert_damaged(disk, start, f"at byte {last} a frame")


def test_client_text_that_looks_like_a_header_proves_nothing() -> None:
    forged = frame(Flag.SYNCED, cancels(9))[:32].decode()
    disk, (start, *_) = journal(
        frame(Flag.SYNCED, big_cancel(2)), frame(Flag.UNSYNCED, cancels(3, order_id=f"\n{forged}"))
    )

    put_zeros(disk, next_sector(start), next_sector(next_sector(start)))

    assert_torn(disk, start)


def test_bytes_after_the_last_frame_that_begin_no_frame_are_damage() -> None:
    disk, (start, _) = journal(b"\n")

    assert_damaged(disk, start, r"b'\\n'")


def test_newer_format_is_named_as_found() -> None:
    disk, (start, _) = journal(b"F2 d 00000008 00000000 00000000 12345678\n" * 2)

    assert_damaged(disk, start, "b'F2 d 00000008")


def test_lost_sectors_in_a_sealed_segment_are_damage() -> None:
    disk = FakeDisk()
    write_journal(disk, big_cancel(1), cancels(2), segment_bytes_max=1)

    put_zeros(disk, SECTOR_BYTES, 2 * SECTOR_BYTES)

    with pytest.raises(JournalDamaged):
        read_all(disk)


@pytest.mark.parametrize("kept", range(0, 1600, 13))
def test_crash_before_the_sync_costs_at_most_the_unsynced_frame(kept: int) -> None:
    disk = FakeDisk()
    committer = open_committer(disk)
    write(committer, cancels(1))
    disk.fail("sync", OSError(5, "Input/output error"))
    write(committer, big_cancel(2))
    assert committer.failure is not None

    survivor = disk.crash(unsynced_bytes_kept=kept, lost_sectors=[1] if kept % 2 else [])

    assert sequences(survivor) in ([1], [1, 2])
    reopened = open_committer(survivor)
    reopened.append(cancels(reopened.visible_sequence + 1, order_id="after"))
    reopened.close()
    assert read_all(survivor)[0][-1].commands == cancels(9, order_id="after").commands
    assert read_all(survivor)[1].torn is None
