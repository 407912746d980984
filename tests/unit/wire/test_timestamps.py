"""Times: read and written as by the standard library, to the nanosecond."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from order_engine.wire.timestamps import TIMESTAMP_NS_MAX, format_timestamp, parse_rfc_3339, parse_timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# Hypothesis adds the zone.
MOMENTS = st.datetimes(datetime(1970, 1, 3), datetime(2262, 4, 9), timezones=ZONES)  # noqa: DTZ001


def nanoseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1_000


@given(moment=MOMENTS)
def test_time_is_read_as_datetime_reads_it(moment: datetime) -> None:
    assert parse_rfc_3339(moment.isoformat()) == nanoseconds(moment)


@given(moment=MOMENTS)
def test_time_is_written_as_datetime_writes_it(moment: datetime) -> None:
    expected = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    assert format_timestamp(nanoseconds(moment)) == expected


@given(timestamp_ns=st.integers(0, TIMESTAMP_NS_MAX // 1_000).map(lambda us: us * 1_000))
def test_written_time_reads_back_as_itself(timestamp_ns: int) -> None:
    assert parse_rfc_3339(format_timestamp(timestamp_ns)) == timestamp_ns


@pytest.mark.parametrize(
    ("text", "timestamp_ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00.000000001z", 1),
        ("1970-01-01 00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T22:00:00-02:00", 0),
        ("2000-02-29T00:00:00Z", 951_782_400_000_000_000),
        ("2012-06-21T10:00:00-00:00", 1_340_272_800_000_000_000),
    ],
)
def test_rfc_3339_is_read_in_all_its_forms(text: str, timestamp_ns: int) -> None:
    assert parse_rfc_3339(text) == timestamp_ns


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2026-11-21",
        "2026-11-21T07:58:00",
        "2026-11-21T07:58Z",
        "2026-11-21T07:58:00.Z",
        "2026-11-21T07:58:00.1234567890Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60",
        "2026-01-01T00:00:00Z\n",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2262-04-12T00:00:00Z",
        "\u0662026-01-01T00:00:00Z",
        None,
        b"2026-11-21T07:58:00Z",
    ],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Must be a time"):
        parse_rfc_3339(value)


def test_whole_number_is_nanoseconds_where_they_are_allowed() -> None:
    assert parse_timestamp(1_500) == 1_500
    assert parse_timestamp("1970-01-01T00:00:00Z") == 0
    with pytest.raises(ValueError, match="Must be a time"):
        parse_rfc_3339(1_500)


@pytest.mark.parametrize("value", [-1, TIMESTAMP_NS_MAX + 1, True])
def test_number_that_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="Must be a time"):
        parse_timestamp(value)
