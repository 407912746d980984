"""Daily schedules: times of day, UTC, in order, each once."""

import pytest

from order_engine.matching.commands import ScheduledState, SessionState
from order_engine.wire.schedules import format_schedule, parse_schedule


def test_schedule_is_read_in_any_order_and_written_in_order_of_the_day() -> None:
    schedule = parse_schedule(
        [
            {"at": "23:59:59", "state": "halted"},
            {"state": "OPEN", "at": "09:30"},
            {"at": "00:00", "state": "PRE_OPEN"},
        ]
    )

    assert schedule == (
        ScheduledState(0, SessionState.PRE_OPEN),
        ScheduledState(34_200, SessionState.OPEN),
        ScheduledState(86_399, SessionState.HALTED),
    )
    assert format_schedule(schedule) == [
        {"at": "00:00:00", "state": "PRE_OPEN"},
        {"at": "09:30:00", "state": "OPEN"},
        {"at": "23:59:59", "state": "HALTED"},
    ]
    assert parse_schedule(format_schedule(schedule)) == schedule


def test_empty_list_is_no_schedule() -> None:
    assert parse_schedule([]) == ()


@pytest.mark.parametrize(
    "at", ["24:00", "9:30", "09:60", "09:30:60", "09:30Z", "0930", "09:30\n", "\u0660\u0669:30", 34_200, None]
)
def test_what_is_no_time_of_day_is_refused(at: object) -> None:
    with pytest.raises(ValueError, match="must be a time of day"):
        parse_schedule([{"at": at, "state": "OPEN"}])


@pytest.mark.parametrize("entry", ["09:30", {}, {"at": "09:30"}, {"at": "09:30", "state": "OPEN", "day": "MON"}, None])
def test_entry_of_other_fields_is_refused(entry: object) -> None:
    with pytest.raises(ValueError, match='an object with the fields "at" and "state"'):
        parse_schedule([entry])


@pytest.mark.parametrize("state", ["AUCTION", None, 1, ["OPEN"]])
def test_state_that_is_none_is_refused(state: object) -> None:
    with pytest.raises(ValueError, match="Must be one of: OPEN, PRE_OPEN, HALTED, CLOSED"):
        parse_schedule([{"at": "09:30", "state": state}])


def test_time_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="Must not contain a time twice"):
        parse_schedule([{"at": "09:30", "state": "OPEN"}, {"at": "09:30:00", "state": "CLOSED"}])


@pytest.mark.parametrize("value", ["09:30", {"at": "09:30", "state": "OPEN"}, [{}] * 101, 5])
def test_what_is_no_list_or_too_long_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Must be a list of at most 100 times"):
        parse_schedule(value)
