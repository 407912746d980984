"""A record says only what there is to say, and what older programs have written is read."""

from order_engine.journal.record import Record, decode_record, encode_record
from tests.builders import cancel

OLD = b'{"sequence":7,"timestamp_ns":1,"commands":[{"type":"cancel_order/1","order_id":"3"}]}'
RECORD = Record(sequence=7, timestamp_ns=1, commands=(cancel("3"),))


def test_record_without_an_actor_is_written_and_read_as_before_there_were_any() -> None:
    assert encode_record(RECORD) == OLD
    assert decode_record(OLD) == RECORD


def test_actor_comes_back_as_it_was_written() -> None:
    record = Record(sequence=7, timestamp_ns=1, commands=(cancel("3"),), actor="the schedule")

    assert decode_record(encode_record(record)) == record
