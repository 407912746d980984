"""Moments: which rows of a table lie between two times.

Time never goes back from one command to the next, so a moment corresponds to a sequence: no index of times is needed.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, func, select

Rows = Callable[[Any], list[Any]]  # Any: selects and rows of several shapes

_NOTHING_AFTER = (1 << 63) - 1


def between(
    rows: Rows, sequence: ColumnElement[int], time_ns: ColumnElement[int], since_ns: int | None, until_ns: int | None
) -> list[ColumnElement[bool]]:
    """Return the conditions for rows since a time and before another; either may be None."""
    conditions = []
    if since_ns is not None:
        conditions.append(sequence >= _first_since(rows, sequence, time_ns, since_ns))
    if until_ns is not None:
        conditions.append(sequence < _first_since(rows, sequence, time_ns, until_ns))
    return conditions


def _first_since(rows: Rows, sequence: ColumnElement[int], time_ns: ColumnElement[int], since_ns: int) -> int:
    """Return the sequence of the first row since a time; if there is none, one that is larger than all."""

    def first_from(place: int) -> tuple[int, int]:
        found: tuple[int, int] = tuple(
            rows(select(sequence, time_ns).where(sequence >= place).order_by(sequence).limit(1))[0]
        )
        return found

    newest = rows(select(func.max(sequence)))[0][0]
    if newest is None or first_from(newest)[1] < since_ns:
        return _NOTHING_AFTER
    low, high = 0, newest
    while low < high:
        middle = (low + high) // 2
        place, found_ns = first_from(middle)
        if found_ns >= since_ns:
            high = middle
        else:
            low = place + 1
    return int(low)
