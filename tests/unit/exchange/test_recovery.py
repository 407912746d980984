"""Recovery loads the newest good snapshot of this journal, else an older one or none."""

import gc
import logging
import re
from hashlib import sha256
from pathlib import Path

import pytest

from order_engine.exchange.errors import SnapshotError
from order_engine.exchange.recovery import collect_what_was_kept
from order_engine.exchange.snapshots import SnapshotFiles, make_snapshot
from order_engine.exchange.state import ExchangeState, state_hash
from order_engine.journal.errors import JournalDamaged, JournalGap
from order_engine.matching.commands import Configure
from order_engine.matching.price_level import PriceLevel
from tests.builders import buy, cancel, sell
from tests.dumps import read_snapshot
from tests.fakes.fake_disk import FakeDisk
from tests.unit.exchange.exchanges import DATA, JOURNAL_ID, opened, recovery_on

SEGMENT = DATA / "journal" / f"{1:020d}.journal"
SNAPSHOTS = DATA / "snapshots"


@pytest.fixture
def disk() -> FakeDisk:
    """A journal of six commands, with snapshots at 2, 4 and 6."""
    disk = FakeDisk()
    with opened(disk) as found:
        for number, command in enumerate([buy(), sell(price="101.00"), buy(quantity="3"), cancel("2"), buy()], start=2):
            found.carry_out(command)
            if number % 2 == 0:
                found.recovery.advance_snapshot(number)
    return disk


def snapshot_path(sequence: int) -> Path:
    return SnapshotFiles(SNAPSHOTS, FakeDisk()).path_of(sequence)


def damage(disk: FakeDisk, path: Path) -> None:
    content = disk.content(path)
    disk.put(path, content[:-9] + b"x" + content[-8:])


def with_its_checksum(content: bytes) -> bytes:
    """Correct both hashes of a changed snapshot."""
    _, header, dump = content.split(b"\n", 2)
    header = re.sub(rb'"state_hash":"[0-9a-f]*"', b'"state_hash":"%b"' % sha256(dump).hexdigest().encode(), header)
    body = header + b"\n" + dump
    return sha256(body).hexdigest().encode() + b"\n" + body


def hash_of(state: ExchangeState) -> str:
    return state_hash(state.dump())


def test_recovery_starts_from_the_newest_snapshot(disk: FakeDisk) -> None:
    recovered = recovery_on(disk).latest()

    assert (recovered.snapshot_sequence, recovered.end.last_sequence) == (6, 6)
    assert hash_of(recovered.state) == hash_of(recovery_on(disk).replay(None))


@pytest.mark.parametrize("sequence", range(7))
def test_state_from_a_snapshot_is_the_state_from_empty_at_every_sequence(disk: FakeDisk, sequence: int) -> None:
    recovery = recovery_on(disk)

    assert hash_of(recovery.state_at(sequence)) == hash_of(recovery.replay(sequence))


def test_every_snapshot_carries_the_hash_of_the_replayed_state(disk: FakeDisk) -> None:
    for sequence in (2, 4, 6):
        header = read_snapshot(disk.content(snapshot_path(sequence))).header

        assert header.state_hash == hash_of(recovery_on(disk).replay(sequence))


def test_damaged_newest_snapshot_gives_way_to_the_one_before(disk: FakeDisk, caplog: pytest.LogCaptureFixture) -> None:
    damage(disk, snapshot_path(6))

    recovered = recovery_on(disk).latest()

    assert recovered.snapshot_sequence == 4
    assert hash_of(recovered.state) == hash_of(recovery_on(disk).replay(None))
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert str(snapshot_path(6)) in caplog.text
    assert "checksum" in caplog.text


def test_without_any_whole_snapshot_the_whole_journal_is_replayed(disk: FakeDisk) -> None:
    for sequence in (2, 4, 6):
        damage(disk, snapshot_path(sequence))

    recovered = recovery_on(disk).latest()

    assert recovered.snapshot_sequence == 0
    assert hash_of(recovered.state) == hash_of(recovery_on(disk).replay(None))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a snapshot",
        b"0" * 64 + b"\n{}\n{}",
    ],
)
def test_file_that_is_no_snapshot_is_passed_over(disk: FakeDisk, content: bytes) -> None:
    disk.put(snapshot_path(6), content)

    assert recovery_on(disk).latest().snapshot_sequence == 4


def test_snapshot_of_another_journal_is_not_used(disk: FakeDisk, caplog: pytest.LogCaptureFixture) -> None:
    stranger = ExchangeState()
    disk.put(snapshot_path(6), make_snapshot(stranger, "f" * 32, 1).content)

    recovered = recovery_on(disk).latest()

    assert recovered.snapshot_sequence == 4
    assert f"belongs to the journal {'f' * 32}, not {JOURNAL_ID}" in caplog.text


def test_snapshot_of_a_later_format_is_not_used(disk: FakeDisk, caplog: pytest.LogCaptureFixture) -> None:
    content = disk.content(snapshot_path(6))
    later = content.replace(b'{"format":2,', b'{"format":3,"compressed":true,')
    disk.put(snapshot_path(6), with_its_checksum(later))

    assert recovery_on(disk).latest().snapshot_sequence == 4
    assert "its format is 3, this program reads 1 to 2" in caplog.text


@pytest.mark.parametrize(
    ("known", "newer"),
    [
        (b'"journal_id"', b'"cluster":1,"journal_id"'),
        (b'"auto_list"', b'"fees":1,"auto_list"'),
        (b'"tick_size_e8"', b'"margin":1,"tick_size_e8"'),
        (b'"answers"', b'"more":1,"answers"'),
        (b",null,null]", b",null,null,null,null,1]"),
    ],
)
def test_snapshot_with_a_field_of_a_newer_program_is_not_used(
    disk: FakeDisk, caplog: pytest.LogCaptureFixture, known: bytes, newer: bytes
) -> None:
    content = disk.content(snapshot_path(6))
    assert known in content
    disk.put(snapshot_path(6), with_its_checksum(content.replace(known, newer, 1)))

    assert recovery_on(disk).latest().snapshot_sequence == 4
    assert "unknown field" in caplog.text or "at most length 9" in caplog.text


def test_snapshot_beyond_the_end_of_the_journal_stops_the_recovery(disk: FakeDisk) -> None:
    content = disk.content(SEGMENT)
    disk.put(SEGMENT, content[: content.rindex(b"F1 ")])

    with pytest.raises(JournalGap, match="the journal ends at 5, before 6"):
        recovery_on(disk).latest()


def test_journal_that_is_gone_stops_the_recovery_while_a_snapshot_is_there(disk: FakeDisk) -> None:
    disk.remove(SEGMENT)

    with pytest.raises(JournalGap, match="the journal ends at 0, before 6"):
        recovery_on(disk).latest()


def test_damage_in_the_journal_names_file_offset_and_what_was_found(disk: FakeDisk) -> None:
    content = disk.content(SEGMENT)
    at = content.index(b"101")
    disk.put(SEGMENT, content[:at] + b"9" + content[at + 1 :])
    for sequence in (2, 4, 6):
        disk.remove(snapshot_path(sequence))

    with pytest.raises(JournalDamaged) as raised:
        recovery_on(disk).latest()

    assert raised.value.path == SEGMENT
    assert 0 < raised.value.offset < at
    assert "checksum" in raised.value.found


def test_history_gives_what_happened_again_from_any_sequence(disk: FakeDisk) -> None:
    whole = list(recovery_on(disk).history(0, 6))

    for after in range(6):
        for until in range(after, 7):
            assert list(recovery_on(disk).history(after, until)) == whole[after:until]


def test_snapshot_asked_for_inside_a_record_is_of_the_record_before(disk: FakeDisk) -> None:
    with opened(disk) as found:
        found.carry_out(buy(), buy(), buy())

        assert found.recovery.advance_snapshot(8).header.sequence == 6
        assert found.recovery.advance_snapshot(9).header.sequence == 9


def test_snapshot_without_a_journal_is_refused() -> None:
    with pytest.raises(SnapshotError, match="no journal"):
        recovery_on(FakeDisk()).save(ExchangeState())


def test_progress_ends_when_all_was_read(disk: FakeDisk) -> None:
    recovery = recovery_on(disk)
    assert recovery.progress == (0, 0)

    recovery.latest()

    assert recovery.progress.bytes_read == recovery.progress.bytes_total == len(disk.content(SEGMENT))


def test_settings_survive_in_the_state(disk: FakeDisk) -> None:
    with opened(disk, settings=Configure(max_instruments=7)):
        pass

    assert recovery_on(disk).latest().state.engine.settings.max_instruments == 7


def test_restarts_without_commands_leave_the_journal_as_it_is(disk: FakeDisk) -> None:
    before = disk.content(SEGMENT)

    for _ in range(3):
        with opened(disk):
            pass

    assert disk.content(SEGMENT) == before


def levels() -> int:
    """Count the price levels in memory; those that are kept from the collector are not seen by it."""
    gc.unfreeze()
    return sum(type(found) is PriceLevel for found in gc.get_objects())


def test_books_that_were_kept_from_the_collector_are_freed_before_others_are_loaded(disk: FakeDisk) -> None:
    """After each time that a sink was away the follower had one more copy of all books, for good."""
    collect_what_was_kept()
    before = levels()
    state = recovery_on(disk).state_at_or_before(6)
    assert levels() > before

    del state
    gc.freeze()
    collect_what_was_kept()

    assert levels() == before
