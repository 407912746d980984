"""Parses and formats an instrument's daily schedule: times of day in UTC, and the session state from each time on."""

import re

from order_engine.matching.commands import ScheduledState, SessionState
from order_engine.wire.identifiers import parse_choice

SCHEDULE_LENGTH_MAX = 100
ENTRY_FIELDS = frozenset({"at", "state"})

_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?", re.ASCII)


def parse_schedule(value: object) -> tuple[ScheduledState, ...]:
    """Parse ``[{"at": "09:30", "state": "OPEN"}, ...]``, in any order; an empty list means no schedule."""
    if not isinstance(value, list) or len(value) > SCHEDULE_LENGTH_MAX:
        raise ValueError(
            f'Must be a list of at most {SCHEDULE_LENGTH_MAX} times, each {{"at": "HH:MM", "state": ...}}.'
        )
    entries = {entry.second_of_day: entry for entry in map(_entry, value)}
    if len(entries) < len(value):
        raise ValueError("Must not contain a time twice.")
    return tuple(entries[second_of_day] for second_of_day in sorted(entries))


def format_schedule(schedule: tuple[ScheduledState, ...]) -> list[dict[str, str]]:
    """Format a schedule as ``[{"at": "09:30:00", "state": "OPEN"}, ...]``, in order of the time of day."""
    return [{"at": format_time_of_day(entry.second_of_day), "state": entry.state.value} for entry in schedule]


def format_time_of_day(second_of_day: int) -> str:
    """Format seconds after midnight as ``09:30:00``."""
    minutes, second = divmod(second_of_day, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}"


def _entry(value: object) -> ScheduledState:
    if not isinstance(value, dict) or set(value) != ENTRY_FIELDS:
        raise ValueError('Each entry must be an object with the fields "at" and "state" only.')
    return ScheduledState(_second_of_day(value["at"]), parse_choice(SessionState, value["state"]))


def _second_of_day(value: object) -> int:
    match = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('"at" must be a time of day in UTC, such as 09:30 or 16:00:30.')
    hour, minute, second = (int(part) for part in match.groups("0"))
    return hour * 3_600 + minute * 60 + second
