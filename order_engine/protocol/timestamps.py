"""Times on the wire: RFC 3339, UTC, microseconds, ``Z``. Inside they are integer nanoseconds since 1970.

Done in integers, because this package may read no clock and import no calendar; the day arithmetic is that of the
proleptic Gregorian calendar with the year starting in March, so that the leap day comes last.
"""

from functools import lru_cache

NS_PER_US = 1_000
NS_PER_SECOND = 1_000_000_000
SECONDS_PER_DAY = 86_400

_DAYS_PER_ERA = 146_097
_DAYS_FROM_MARCH_OF_YEAR_0_TO_1970 = 719_468


def format_timestamp(timestamp_ns: int) -> str:
    """Write nanoseconds since 1970 as ``2026-11-21T07:58:00.000001Z``; what is below a microsecond is cut off."""
    seconds, fraction_ns = divmod(timestamp_ns, NS_PER_SECOND)
    day, second = divmod(seconds, SECONDS_PER_DAY)
    hour, minute = divmod(second // 60, 60)
    return f"{_date(day)}T{hour:02d}:{minute:02d}:{second % 60:02d}.{fraction_ns // NS_PER_US:06d}Z"


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
