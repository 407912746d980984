"""A record leaves out defaults; records of older programs are read, those of newer ones refused."""

import pytest

from order_engine.journal import segment_reading, upcasters
from order_engine.journal.errors import JournalDamaged, JournalTooNew
from order_engine.journal.frames import Flag, encode_frame
from order_engine.journal.record import Record, decode_record, encode_record
from order_engine.journal.segments import SegmentHeader, encode_segment_header
from tests.builders import cancel
from tests.fakes.fake_disk import FakeDisk
from tests.unit.journal.journal_fixtures import FIRST_SEGMENT, JOURNAL_ID, read_all

OLD = b'{"sequence":7,"timestamp_ns":1,"commands":[{"type":"cancel_order/1","order_id":"3"}]}'
RECORD = Record(sequence=7, timestamp_ns=1, commands=(cancel("3"),))


def test_record_without_an_actor_is_written_and_read_as_before_there_were_any() -> None:
    assert encode_record(RECORD) == OLD
    assert decode_record(OLD) == RECORD


def test_actor_comes_back_as_it_was_written() -> None:
    record = Record(sequence=7, timestamp_ns=1, commands=(cancel("3"),), actor="the schedule")

    assert decode_record(encode_record(record)) == record


def journal(line: bytes, header: bytes = b"") -> FakeDisk:
    """A journal of one record, in bytes as another program may have written them."""
    if not header:
        header = encode_segment_header(
            SegmentHeader(format=1, journal_id=JOURNAL_ID, rules_version=1, first_sequence=1, created_ns=0)
        )
    disk = FakeDisk()
    disk.put(FIRST_SEGMENT, encode_frame(Flag.DURABLE, header + b"\n") + encode_frame(Flag.DURABLE, line + b"\n"))
    return disk


CANCEL = b'{"type":"cancel_order/1","order_id":"3"}'


@pytest.mark.parametrize(
    "line",
    [
        b'{"sequence":1,"timestamp_ns":1,"commands":[%b],"tenant":"a"}' % CANCEL,
        b'{"sequence":1,"timestamp_ns":1,"commands":[%b],"retry":{"scope":"","key":"k","fingerprint":"f","tenant":"a"}}'
        % CANCEL,
        b'{"sequence":1,"timestamp_ns":1,"commands":[{"type":"cancel_order/99","order_id":"3"}]}',
    ],
    ids=["field of a record", "field of a retry", "command"],
)
def test_what_only_a_newer_program_knows_is_refused_not_dropped(line: bytes) -> None:
    with pytest.raises(JournalTooNew, match=r"00001\.journal: written by a newer program .*use the newer program"):
        read_all(journal(line))


def test_segment_header_of_a_newer_program_is_refused() -> None:
    header = b'{"format":1,"journal_id":"a","rules_version":1,"first_sequence":1,"created_ns":0,"tenant":"a"}'

    with pytest.raises(JournalTooNew, match="unknown field `tenant`"):
        read_all(journal(OLD, header))


@pytest.mark.parametrize("line", [b"{}", b"no JSON", b'{"sequence":"1","timestamp_ns":1,"commands":[]}'])
def test_what_no_program_writes_is_damage(line: bytes) -> None:
    with pytest.raises(JournalDamaged):
        read_all(journal(line))


def test_record_of_an_older_format_is_brought_up_to_date_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (upcasters, segment_reading):
        monkeypatch.setattr(module, "FORMAT", 3)
    monkeypatch.setitem(upcasters.UPCASTERS, 1, lambda raw: {**raw, "who": "the schedule"})
    monkeypatch.setitem(
        upcasters.UPCASTERS, 2, lambda raw: {("actor" if key == "who" else key): raw[key] for key in raw}
    )

    records, _ = read_all(journal(b'{"sequence":1,"timestamp_ns":1,"commands":[%b]}' % CANCEL))

    assert records == [Record(sequence=1, timestamp_ns=1, commands=(cancel("3"),), actor="the schedule")]


def test_every_older_format_has_its_upcaster() -> None:
    assert sorted(upcasters.UPCASTERS) == list(range(upcasters.FORMAT_MIN, upcasters.FORMAT))
