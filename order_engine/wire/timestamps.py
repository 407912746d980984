"""Times outside: RFC 3339, UTC, microseconds, ``Z``. Times inside: integer nanoseconds since 1970.

The conversion uses integers only, since this package must neither read a clock nor compute with ``datetime``. Days are
counted in the proleptic Gregorian calendar with years that begin in March, so that the leap day comes last.
"""

import re
from functools import lru_cache

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_SECOND = 1_000_000_000
SECONDS_PER_DAY = 86_400

MILLISECONDS_DIGITS_MAX = 20
TIMESTAMP_NS_MAX = 2**63 - 1
DAYS_OF_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_NO_TIME = "Must be a time in RFC 3339 format, such as 2026-11-21T07:58:00Z."
_DAYS_PER_ERA = 146_097
_DAYS_FROM_MARCH_OF_YEAR_0_TO_1970 = 719_468


def format_timestamp(timestamp_ns: int) -> str:
    """Format nanoseconds since 1970 as ``2026-11-21T07:58:00.000001Z``; nanoseconds are truncated."""
    return f"{_to_the_second(timestamp_ns // NS_PER_SECOND)}.{timestamp_ns % NS_PER_SECOND // NS_PER_US:06d}Z"


def parse_rfc_3339(value: object) -> int:
    """Parse a time with a zone, exact to the nanosecond, as nanoseconds since 1970.

    Raises ``ValueError``, with a sentence for the client, if the text is not a time from 1970 to 2262.
    """
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_NO_TIME)
    year, month, day, hour, minute, second = (int(part) for part in match.group(1, 2, 3, 4, 5, 6))
    offset_hours, offset_minutes = int(match[9] or 0), int(match[10] or 0)
    if not (1 <= month <= 12 and 1 <= day <= _days_of_month(year, month) and hour < 24 and minute < 60 and second < 60):
        raise ValueError(_NO_TIME)
    if offset_hours >= 24 or offset_minutes >= 60:
        raise ValueError(_NO_TIME)
    offset = (offset_hours * 60 + offset_minutes) * (-60 if match[8] == "-" else 60)
    seconds = _days_since_1970(year, month, day) * SECONDS_PER_DAY + hour * 3_600 + minute * 60 + second - offset
    return _within_range(seconds * NS_PER_SECOND + int((match[7] or "").ljust(9, "0")))


def parse_timestamp(value: object) -> int:
    """Parse a time as ``parse_rfc_3339`` does, or an integer of nanoseconds since 1970."""
    if isinstance(value, int) and not isinstance(value, bool):
        return _within_range(value)
    return parse_rfc_3339(value)


def parse_moment(value: object) -> int:
    """Parse a time in a query as ``parse_rfc_3339`` does, or a whole number of milliseconds since 1970."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MILLISECONDS_DIGITS_MAX:
        return _within_range(int(value) * NS_PER_MS)
    return parse_rfc_3339(value)


def _within_range(timestamp_ns: int) -> int:
    if not 0 <= timestamp_ns <= TIMESTAMP_NS_MAX:
        raise ValueError("Must be a time from 1970 to 2262.")
    return timestamp_ns


def _days_of_month(year: int, month: int) -> int:
    is_leap_year = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return DAYS_OF_MONTHS[month - 1] + (month == 2 and is_leap_year)


def _days_since_1970(year: int, month: int, day: int) -> int:
    era, year_of_era = divmod(year - (month <= 2), 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_PER_ERA + day_of_era - _DAYS_FROM_MARCH_OF_YEAR_0_TO_1970


@lru_cache(maxsize=1_024)
def _to_the_second(seconds_since_1970: int) -> str:
    day, second = divmod(seconds_since_1970, SECONDS_PER_DAY)
    hour, minute = divmod(second // 60, 60)
    return f"{_date(day)}T{hour:02d}:{minute:02d}:{second % 60:02d}"


@lru_cache(maxsize=64)
def _date(days_since_1970: int) -> str:
    era, day_of_era = divmod(days_since_1970 + _DAYS_FROM_MARCH_OF_YEAR_0_TO_1970, _DAYS_PER_ERA)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    month = march_month + 3 if march_month < 10 else march_month - 9
    year = era * 400 + year_of_era + (month <= 2)
    return f"{year:04d}-{month:02d}-{day:02d}"
