"""Times as they come in: RFC 3339, read to the nanosecond."""

import re
from datetime import UTC, datetime, timedelta

_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WRONG = "Must be a time as RFC 3339 writes it, such as 2026-11-21T07:58:00Z."


def parse_time(value: object) -> int:
    """Read a time as nanoseconds since 1970; times before that are not accepted."""
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_WRONG)
    day, time, fraction, _, sign, hours, minutes = match.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{time}+00:00")
    except ValueError as error:
        raise ValueError(_WRONG) from error
    since_epoch = local - _EPOCH - _offset(sign, hours, minutes)
    nanoseconds = (since_epoch // timedelta(seconds=1)) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))
    if nanoseconds < 0:
        raise ValueError("Must not be before 1970.")
    return nanoseconds


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timedelta:
    if sign is None:
        return timedelta()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    if offset >= timedelta(days=1):
        raise ValueError(_WRONG)
    return -offset if sign == "-" else offset
