"""Why the market says no, and why an order ended before it was filled. The values are what clients see."""

from enum import StrEnum


class Reason(StrEnum):
    """A refusal, in the order in which the rules are checked; then why an accepted order ended."""

    UNKNOWN_ORDER = "unknown_order"
    UNKNOWN_SYMBOL = "unknown_symbol"
    DUPLICATE_ORDER_ID = "duplicate_order_id"
    INVALID_INSTRUCTION = "invalid_instruction"
    TICK_SIZE = "tick_size"
    LOT_SIZE = "lot_size"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"

    USER_REQUESTED = "user_requested"
    IOC_REMAINDER = "ioc_remainder"
    FOK_UNFILLED = "fok_unfilled"
    NO_LIQUIDITY = "no_liquidity"
    AMENDED_BELOW_FILLED = "amended_below_filled"
