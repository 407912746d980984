"""Cursors are opaque, and only the exact text is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_engine.database.errors import CursorInvalid
from order_engine.queries.cursors import decode_cursor, encode_cursor

NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)


@given(NUMBERS, NUMBERS)
def test_cursor_reads_back_as_it_was_written(sequence: int, number: int) -> None:
    assert decode_cursor("trades", encode_cursor("trades", sequence, number), 2) == (sequence, number)


@given(st.text())
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor("trades", text, 2)


@pytest.mark.parametrize("position", [(1,), (1, 2, 3), (-1, 2), (2**63, 1)])
def test_position_of_another_shape_is_refused(position: tuple[int, ...]) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor("trades", encode_cursor("trades", *position), 2)


def test_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor("orders", encode_cursor("trades", 1), 1)
