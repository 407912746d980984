"""A flow file becomes commands, and their events the report that the public benchmark defines."""

import lzma
from pathlib import Path

import pytest

from stress.benchmarks.flow_file import CANCEL, HEADER, MESSAGE, MODIFY, NEW, FlowTranslator, Message, read_messages


def message(kind: int, order_id: int, **terms: int) -> Message:
    filled_in = {"side": 0, "ioc": 0, "quantity": 0, "sequence": order_id, "price": 0} | terms
    ioc = bool(filled_in.pop("ioc"))
    return Message(kind=kind, order_id=order_id, ioc=ioc, **filled_in)


def packed(messages: list[Message]) -> bytes:
    rows = [MESSAGE.pack(m.kind, m.side, m.ioc, 0, m.quantity, m.sequence, m.order_id, m.price, 0) for m in messages]
    return HEADER.pack(1, 1, len(messages)) + b"".join(rows)


FLOW = [
    message(NEW, 10, side=1, quantity=5, price=101, sequence=1),
    message(NEW, 11, side=0, quantity=2, price=101, sequence=2),
    message(MODIFY, 10, side=1, quantity=4, price=102, sequence=3),
    message(NEW, 12, side=0, quantity=6, price=103, ioc=1, sequence=4),
    message(CANCEL, 10, sequence=5),
    message(MODIFY, 10, side=1, quantity=1, price=101, sequence=6),
    message(NEW, 13, side=0, quantity=1, price=99, sequence=7),
    message(CANCEL, 13, side=0, sequence=8),
]


def test_each_message_is_reported_as_the_benchmark_defines() -> None:
    translator = FlowTranslator()

    lines = [line for each in FLOW for line in translator.report(each)]

    assert lines == [
        "0,1,1,10,101,5",
        "0,2,0,11,101,2",
        "1,2,101,2,10,11",
        "3,3,1,10,102,4",
        "0,4,0,12,103,6",
        "1,4,102,4,10,12",
        "2,4,0,12,103",
        "4,5,10",
        "5,6,10",
        "0,7,0,13,99,1",
        "2,8,0,13,99",
    ]


@pytest.mark.parametrize("compressed", [False, True])
def test_file_is_read_plain_or_compressed(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / ("flow.bin.xz" if compressed else "flow.bin")
    path.write_bytes(lzma.compress(packed(FLOW)) if compressed else packed(FLOW))

    assert read_messages(path) == FLOW
    assert read_messages(path, count_max=3) == FLOW[:3]


def test_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "flow.bin"
    path.write_bytes(packed(FLOW)[:-1])

    with pytest.raises(ValueError, match="expected 8 messages, found 7 and 39 bytes"):
        read_messages(path)
