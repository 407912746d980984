"""The log continues exactly at its end after any crash, and finds every change."""

from collections.abc import Callable
from hashlib import sha256

import pytest

from order_engine.exchange.verification import DifferenceFound
from order_engine.followers.audit import log as log_module
from order_engine.followers.audit.check import AuditCheck
from order_engine.followers.audit.entries import chain_after, chained_line, split_line
from order_engine.followers.audit.errors import AuditDamaged, AuditForeign, AuditIncomplete
from order_engine.followers.audit.files import list_segments
from order_engine.followers.audit.sentences import WORDING
from tests.builders import buy
from tests.fakes.fake_disk import FakeDisk
from tests.unit.audit.audited import (
    DIRECTORY,
    END,
    FIRST_SEGMENT,
    Audited,
    checked,
    opened_log,
    trading,
    written,
)

SMALL = 600


def whole() -> bytes:
    disk = FakeDisk()
    written(disk, trading())
    return disk.content(FIRST_SEGMENT)


def test_what_was_written_is_what_the_journal_gives() -> None:
    disk = FakeDisk()
    written(disk, trading())

    counts = checked(disk, trading()).counts

    assert (counts.entries, counts.compared, counts.last_sequence, counts.behind) == (END, END, END, 0)
    assert disk.content(FIRST_SEGMENT).endswith(b'"chain":"' + counts.chain.encode() + b'"}\n')


def test_log_that_was_opened_again_and_again_is_the_same() -> None:
    disk = FakeDisk()
    for applied in trading():
        written(disk, [applied])

    assert disk.content(FIRST_SEGMENT) == whole()


def test_segments_follow_each_other_and_a_record_is_never_split() -> None:
    disk = FakeDisk()
    written(disk, trading(), SMALL)

    segments = list_segments(DIRECTORY, disk)
    assert [segment.first_sequence for segment in segments] == [1, 2, 3, 6, 8]
    assert checked(disk, trading()).counts.entries == END


def test_every_torn_end_is_cut_back_to_a_whole_record_and_written_again() -> None:
    content = whole()
    header_bytes = content.index(b"\n") + 1

    for length in range(header_bytes, len(content)):
        disk = FakeDisk()
        disk.put(FIRST_SEGMENT, content[:length])
        log = opened_log(disk)
        assert log.last_sequence in (0, 1, 2, 5, 6, 7, 8), length
        log.append([applied for applied in trading() if applied.record.sequence > log.last_sequence])

        assert disk.content(FIRST_SEGMENT) == content


def test_sectors_that_a_crash_lost_are_written_again() -> None:
    content = whole()
    disk = FakeDisk()
    disk.put(FIRST_SEGMENT, content[:1024] + bytes(512) + content[1536:])

    log = opened_log(disk)
    log.append([applied for applied in trading() if applied.record.sequence > log.last_sequence])

    assert disk.content(FIRST_SEGMENT) == content


def test_crash_at_any_moment_leaves_a_log_that_goes_on() -> None:
    """Nothing is doubled or missing, whichever unsynced bytes survive."""
    records, reference = trading(), whole()
    for kept in range(0, len(reference), 37):
        disk = FakeDisk()
        log = opened_log(disk)
        log.append(records[:2])
        log.sync()
        log.append(records[2:])
        crashed = disk.crash(unsynced_bytes_kept=kept)

        again = opened_log(crashed)
        assert again.last_sequence >= 2
        again.append([applied for applied in records if applied.record.sequence > again.last_sequence])
        assert crashed.content(FIRST_SEGMENT) == reference


def test_failed_sync_is_not_trusted_to_have_written_anything() -> None:
    disk = FakeDisk()
    log = opened_log(disk)
    log.append(trading()[:1])
    log.sync()
    log.append(trading()[1:])
    disk.fail("sync", OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        log.sync()
    disk.repair()

    assert log.open("0123456789abcdef0123456789abcdef") == 1

    log.append(trading()[1:])
    assert disk.content(FIRST_SEGMENT) == whole()


def test_every_changed_byte_is_found() -> None:
    """Except the last newline: without it the line is a torn tail, as after a crash."""
    content = whole()

    for at in range(0, len(content) - 1, 3):
        disk = FakeDisk()
        disk.put(FIRST_SEGMENT, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(DifferenceFound, match="at byte"):
            checked(disk, trading())


def without_line(content: bytes, number: int) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[:number] + lines[number + 1 :])


def twice_line(content: bytes, number: int) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join([*lines[: number + 1], *lines[number:]])


@pytest.mark.parametrize("tamper", [without_line, twice_line])
@pytest.mark.parametrize("number", range(1, END))
def test_missing_or_doubled_line_is_found(tamper: Callable[[bytes, int], bytes], number: int) -> None:
    disk = FakeDisk()
    disk.put(FIRST_SEGMENT, tamper(whole(), number))

    with pytest.raises(DifferenceFound, match=r"00001\.audit: at byte \d+"):
        checked(disk, trading())
    with pytest.raises(AuditDamaged):
        opened_log(disk)


def test_chain_is_what_the_documents_say() -> None:
    previous = "0" * 64
    for line in whole().splitlines():
        without, _, chain = line.decode().removesuffix('"}').rpartition(',"chain":"')
        previous = sha256(f"{previous}{without}}}".encode()).hexdigest()
        assert chain == previous


def test_line_that_was_changed_together_with_its_chain_breaks_the_next() -> None:
    lines = whole().splitlines(keepends=True)
    changed = lines[3].replace(b"99.00", b"98.00")
    body, previous = split_line(changed), split_line(lines[2])
    assert body is not None
    assert previous is not None
    lines[3] = chained_line(body[0], chain_after(previous[1], body[0]))
    disk = FakeDisk()
    disk.put(FIRST_SEGMENT, b"".join(lines))

    with pytest.raises(DifferenceFound, match=f"at byte {sum(map(len, lines[:4]))}: expected line 5: the chain"):
        AuditCheck(DIRECTORY, disk).read_alone()


def test_log_written_anew_from_a_lie_is_found_by_the_journal() -> None:
    """Its chain is right, because all of it was written again."""
    audited, disk = Audited(), FakeDisk()
    first = audited.take(buy(user_id="mallory"))
    written(disk, [first])

    with pytest.raises(DifferenceFound, match="line 2, at byte") as found:
        checked(disk, trading())
    assert "mallory" in found.value.found
    assert "sue" in found.value.expected


def test_cut_end_shows_as_commands_that_the_log_lacks() -> None:
    disk = FakeDisk()
    written(disk, trading()[:2])

    assert checked(disk, trading()).counts.behind == END - 2


def test_missing_first_segment_is_found() -> None:
    disk = FakeDisk()
    written(disk, trading(), SMALL)
    disk.remove(FIRST_SEGMENT)

    with pytest.raises(DifferenceFound, match="expected the segment of sequence 1"):
        checked(disk, trading())


def test_missing_segment_in_the_middle_is_found() -> None:
    disk = FakeDisk()
    written(disk, trading(), SMALL)
    disk.remove(DIRECTORY / f"{3:020d}.audit")

    with pytest.raises(DifferenceFound, match="expected first_sequence 3, found first_sequence 6"):
        checked(disk, trading())


def test_log_that_goes_on_beyond_the_journal_is_found() -> None:
    disk = FakeDisk()
    written(disk, trading())

    with pytest.raises(DifferenceFound, match="no entry after 6"):
        checked(disk, trading()[:4])


def test_log_of_another_journal_is_not_continued() -> None:
    disk = FakeDisk()
    written(disk, trading())

    with pytest.raises(AuditForeign, match="found 0123456789abcdef"):
        opened_log(disk, journal_id="f" * 32)


def test_other_wording_begins_a_segment_and_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FakeDisk()
    written(disk, trading()[:2])
    monkeypatch.setattr(log_module, "WORDING", WORDING + 1)
    written(disk, trading()[2:])

    counts = checked(disk, trading()).counts

    assert [segment.first_sequence for segment in list_segments(DIRECTORY, disk)] == [1, 3]
    assert (counts.entries, counts.compared) == (END, 2)


def test_unsynced_end_of_a_segment_of_other_wording_is_on_disk_before_the_next_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = FakeDisk()
    killed = opened_log(disk)
    killed.append(trading()[:2])
    monkeypatch.setattr(log_module, "WORDING", WORDING + 1)

    written(disk, trading()[2:])

    assert checked(disk.crash(), trading()).counts.entries == END


def test_record_that_does_not_follow_is_refused() -> None:
    with pytest.raises(AuditIncomplete, match="expected sequence 1, found 2"):
        opened_log(FakeDisk()).append(trading()[1:])
