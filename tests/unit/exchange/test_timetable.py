"""Schedules: the next time that something is due, and what was due meanwhile."""

import pytest

from order_engine.exchange.timetable import Timetable, due_states, next_moment
from order_engine.matching.commands import (
    DelistInstrument,
    ScheduledState,
    SessionState,
    SetInstrument,
    SetState,
    SettleInstrument,
)
from order_engine.matching.engine import MatchingEngine
from tests.builders import session
from tests.unit.exchange.timed_exchanges import at

CLOSED, PRE_OPEN, OPEN = SessionState.CLOSED, SessionState.PRE_OPEN, SessionState.OPEN
SCHEDULE = (
    ScheduledState(9 * 3600, PRE_OPEN),
    ScheduledState(9 * 3600 + 1800, OPEN),
    ScheduledState(16 * 3600, CLOSED),
)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (at("00:00"), at("09:00")),
        (at("09:00") - 1, at("09:00")),
        (at("09:00"), at("09:30")),
        (at("12:00"), at("16:00")),
        (at("16:00"), at("09:00", day=1)),
    ],
)
def test_next_moment_is_the_first_after_and_tomorrows_after_the_last(after: int, expected: int) -> None:
    assert next_moment(SCHEDULE, after) == expected


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        (at("09:31"), at("15:59"), []),
        (at("08:00"), at("09:00"), [PRE_OPEN]),
        (at("09:00"), at("09:29"), []),
        (at("08:00"), at("12:00"), [OPEN]),
        (at("08:00"), at("20:00"), [CLOSED]),
        (at("12:00"), at("08:00", day=1), [CLOSED]),
        (at("12:00"), at("09:10", day=1), [CLOSED, PRE_OPEN]),
        (at("12:00"), at("10:00", day=1), [CLOSED, OPEN]),
        (at("20:00"), at("10:00", day=1), [OPEN]),
        (at("12:00"), at("10:00", day=7), [CLOSED, OPEN]),
        (at("12:00"), at("12:00"), []),
    ],
)
def test_due_is_the_latest_state_after_the_close_that_was_missed(
    after: int, until: int, expected: list[SessionState]
) -> None:
    assert due_states(SCHEDULE, after, until) == expected


def test_sessions_that_are_where_they_should_be_are_left_alone() -> None:
    engine = MatchingEngine()
    commands = [
        SetInstrument(symbol=symbol, schedule=schedule)
        for symbol, schedule in (("B", SCHEDULE), ("A", SCHEDULE), ("C", SCHEDULE), ("D", None))
    ]
    for sequence, command in enumerate([*commands, session("CLOSED", "C")], 1):
        engine.apply(command, sequence, at("15:00"))

    due = Timetable(engine).due(at("16:00"))

    assert due == [SetState(symbol="A", state=CLOSED), SetState(symbol="B", state=CLOSED)]


def test_without_schedules_nothing_is_ever_due() -> None:
    engine = MatchingEngine()
    engine.apply(session("OPEN"), 1, at("15:00"))

    timetable = Timetable(engine)

    assert timetable.next_ns is None
    assert timetable.due(at("15:00", day=3)) == []


def test_schedule_of_a_settled_or_delisted_instrument_is_followed_no_more() -> None:
    engine = MatchingEngine()
    for sequence, symbol in enumerate(("SETTLED", "GONE", "OPEN"), start=1):
        engine.apply(SetInstrument(symbol=symbol, schedule=SCHEDULE), sequence, at("08:00"))
    timetable = Timetable(engine)
    engine.apply(SettleInstrument(symbol="SETTLED", price_e8=0), 4, at("08:00"))
    engine.apply(DelistInstrument(symbol="GONE"), 5, at("08:00"))

    assert timetable.due(at("09:00")) == [SetState(symbol="OPEN", state=PRE_OPEN)]

    engine.apply(DelistInstrument(symbol="OPEN"), 6, at("08:00"))
    timetable.look_ahead(at("08:00"))
    assert timetable.next_ns is None
