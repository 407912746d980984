"""Amounts: the only place that converts decimals outside to integers inside, and back.

Inside, a price or a quantity is an integer count of 10^-8 (``_e8``); a notional, price times quantity, of 10^-16
(``_e16``). Nothing here passes through binary floating point.
"""

import re
from decimal import Decimal
from functools import lru_cache

DECIMALS_MAX = 8
SCALE = 100_000_000
AMOUNT_MAX = 10**10
AMOUNT_E8_MAX = AMOUNT_MAX * SCALE
AMOUNT_LENGTH_MAX = 64
COUNT_MAX = 10**9
# The same prices and quantities recur.
CACHE_SIZE = 8_192

_AMOUNT = re.compile(r"([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,6}))?", re.ASCII)


def parse_amount(value: object) -> int:
    """Parse a decimal string or an exact JSON number as an integer count of 10^-8.

    Raises ``ValueError``, with a sentence for the client, if the value is not a number, is negative, has more than 8
    decimals or is larger than 10^10.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        amount_e8 = value * SCALE
    elif isinstance(value, str | Decimal):
        amount_e8 = _scaled(str(value))
    else:
        raise ValueError("Not a number: send a decimal string or a JSON number.")
    if amount_e8 < 0:
        raise ValueError("Must not be negative.")
    if amount_e8 > AMOUNT_E8_MAX:
        raise ValueError(f"Must be at most {AMOUNT_MAX}.")
    return amount_e8


def parse_positive_amount(value: object) -> int:
    """Parse an amount as ``parse_amount`` does, and refuse zero too."""
    amount_e8 = parse_amount(value)
    if amount_e8 == 0:
        raise ValueError("Must be greater than 0.")
    return amount_e8


def parse_count(value: object) -> int:
    """Parse a JSON integer from 0 to 10^9."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= COUNT_MAX:
        raise ValueError(f"Must be a whole number from 0 to {COUNT_MAX}.")
    return value


@lru_cache(maxsize=CACHE_SIZE)
def format_quantity(quantity_e8: int) -> str:
    """Format a quantity without exponent and without trailing zeros: ``"100"``, ``"0.5"``."""
    return _format(quantity_e8, decimals_min=0)


@lru_cache(maxsize=CACHE_SIZE)
def format_price(price_e8: int, tick_size_e8: int) -> str:
    """Format a price with the decimals of its tick (``"150.50"``), or with more if it needs them to be exact."""
    return _format(price_e8, decimals_min=_decimals_of(tick_size_e8))


def average_price_e8(notional_e16: int, quantity_e8: int) -> int:
    """Divide exact totals; round half-even at the 8th decimal."""
    quotient, remainder = divmod(notional_e16, quantity_e8)
    twice = 2 * remainder
    round_up = twice > quantity_e8 or (twice == quantity_e8 and quotient % 2 == 1)
    return quotient + round_up


def _scaled(text: str) -> int:
    if len(text) > AMOUNT_LENGTH_MAX:
        raise ValueError(f"Must have at most {AMOUNT_LENGTH_MAX} characters.")
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("Not a number: send a decimal string or a JSON number.")
    sign, whole, fraction, exponent = match.groups("")
    digits = int(whole + fraction)
    shift = int(exponent or 0) - len(fraction) + DECIMALS_MAX
    if digits and shift > AMOUNT_LENGTH_MAX:
        raise ValueError(f"Must be at most {AMOUNT_MAX}.")
    power: int = 10 ** min(abs(shift), 2 * AMOUNT_LENGTH_MAX)
    magnitude, finer = (digits * power, 0) if shift >= 0 else divmod(digits, power)
    if finer:
        raise ValueError(f"Must have at most {DECIMALS_MAX} decimals.")
    return -magnitude if sign == "-" else magnitude


def _format(amount_e8: int, decimals_min: int) -> str:
    sign = "-" if amount_e8 < 0 else ""
    whole, fraction = divmod(abs(amount_e8), SCALE)
    decimals = f"{fraction:08d}".rstrip("0").ljust(decimals_min, "0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


@lru_cache(maxsize=1024)
def _decimals_of(step_e8: int) -> int:
    return len(f"{step_e8 % SCALE:08d}".rstrip("0"))
