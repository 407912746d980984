"""Amounts: exact both ways, and every number that cannot be exact is refused."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from order_engine.wire.units import (
    AMOUNT_E8_MAX,
    SCALE,
    average_price_e8,
    format_price,
    format_quantity,
    parse_amount,
    parse_positive_amount,
)

AMOUNTS_E8 = st.integers(0, AMOUNT_E8_MAX)
DECIMALS = st.decimals(min_value=0, max_value=10**10, places=8, allow_nan=False, allow_infinity=False)


@given(amount_e8=AMOUNTS_E8)
def test_written_quantity_reads_back_as_itself(amount_e8: int) -> None:
    text = format_quantity(amount_e8)

    assert parse_amount(text) == amount_e8
    assert Decimal(text) == Decimal(amount_e8) / SCALE
    assert "e" not in text.lower()
    assert "." not in text or not text.endswith("0")


@given(amount_e8=AMOUNTS_E8, tick_e8=st.sampled_from([1, 1_000, 1_000_000, 5_000_000, SCALE, 10 * SCALE]))
def test_written_price_reads_back_as_itself(amount_e8: int, tick_e8: int) -> None:
    assert parse_amount(format_price(amount_e8, tick_e8)) == amount_e8


@given(number=DECIMALS)
@example(number=Decimal("1E+10"))
@example(number=Decimal("0E-20"))
def test_number_means_the_same_as_decimal_text_and_exponent(number: Decimal) -> None:
    expected = int(number * SCALE)

    assert parse_amount(number) == expected
    assert parse_amount(str(number)) == expected
    assert parse_amount(f"{number:f}") == expected
    assert parse_amount(f"{number:e}") == expected


@given(text=st.text(alphabet="0123456789+-.eE ", max_size=12))
def test_text_is_read_as_decimal_reads_it_or_refused(text: str) -> None:
    try:
        amount_e8 = parse_amount(text)
    except ValueError:
        return

    assert Decimal(amount_e8) == Decimal(text) * SCALE


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", "Not a number"),
        ("abc", "Not a number"),
        ("NaN", "Not a number"),
        ("Infinity", "Not a number"),
        (Decimal("NaN"), "Not a number"),
        (Decimal("Infinity"), "Not a number"),
        ("1_000", "Not a number"),
        ("1,5", "Not a number"),
        (" 1", "Not a number"),
        ("1.", "Not a number"),
        ("\u0661", "Not a number"),
        (None, "Not a number"),
        (True, "Not a number"),
        (1.5, "Not a number"),
        ([1], "Not a number"),
        ("-1", "Must not be negative"),
        (-1, "Must not be negative"),
        ("0.000000001", "at most 8 decimals"),
        ("1e-9", "at most 8 decimals"),
        ("1e-999999", "at most 8 decimals"),
        ("10000000000.00000001", "at most 10000000000"),
        ("1e11", "at most 10000000000"),
        ("1e999999", "at most 10000000000"),
        (10**10 + 1, "at most 10000000000"),
        ("1" * 65, "at most 64 characters"),
    ],
)
def test_what_is_no_exact_amount_is_refused(value: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_amount(value)


@pytest.mark.parametrize("value", ["0", "0.00", 0, "-0", "0e5", Decimal("0.0")])
def test_zero_is_an_amount_but_no_positive_one(value: object) -> None:
    assert parse_amount(value) == 0
    with pytest.raises(ValueError, match="greater than 0"):
        parse_positive_amount(value)


@pytest.mark.parametrize(
    ("price_e8", "tick_e8", "text"),
    [
        (15_050_000_000, 1_000_000, "150.50"),
        (15_000_000_000, 1_000_000, "150.00"),
        (15_000_000_000, SCALE, "150"),
        (15_000_000_000, 25_000_000, "150.00"),
        (15_050_500_000, 1_000_000, "150.505"),
        (1, 1, "0.00000001"),
        (0, 1_000_000, "0.00"),
    ],
)
def test_price_is_written_with_the_decimals_of_its_tick_or_as_many_as_it_takes(
    price_e8: int, tick_e8: int, text: str
) -> None:
    assert format_price(price_e8, tick_e8) == text


@given(notional_e16=st.integers(0, 10**36), quantity_e8=st.integers(1, AMOUNT_E8_MAX))
def test_average_is_rounded_half_to_even(notional_e16: int, quantity_e8: int) -> None:
    average = average_price_e8(notional_e16, quantity_e8)

    twice_off = 2 * (notional_e16 - average * quantity_e8)
    assert abs(twice_off) <= quantity_e8
    assert abs(twice_off) < quantity_e8 or average % 2 == 0


@pytest.mark.parametrize(("notional_e16", "average"), [(5, 2), (7, 4), (9, 4), (6, 3), (11, 6)])
def test_average_just_between_two_goes_to_the_even_one(notional_e16: int, average: int) -> None:
    assert average_price_e8(notional_e16, 2) == average
