"""Why a command is refused, and why an order ended before it was filled. The values are what clients see."""

from enum import StrEnum


class Reason(StrEnum):
    """A refusal, in the order in which the rules are checked; then why an accepted order ended or a session halted."""

    UNKNOWN_ORDER = "unknown_order"
    USER_DISABLED = "user_disabled"
    UNKNOWN_SYMBOL = "unknown_symbol"
    MARKET_CLOSED = "market_closed"
    INSTRUMENT_HALTED = "instrument_halted"
    NOT_IN_AUCTION = "not_in_auction"
    DUPLICATE_ORDER_ID = "duplicate_order_id"
    TOO_MANY_ORDERS = "too_many_orders"
    INVALID_INSTRUCTION = "invalid_instruction"
    TICK_SIZE = "tick_size"
    LOT_SIZE = "lot_size"
    PRICE_OUT_OF_BAND = "price_out_of_band"
    RISK_MAX_ORDER_QUANTITY = "risk_max_order_quantity"
    RISK_MAX_ORDER_NOTIONAL = "risk_max_order_notional"
    RISK_MAX_OPEN_ORDERS = "risk_max_open_orders"
    RISK_MAX_POSITION = "risk_max_position"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"

    USER_REQUESTED = "user_requested"
    DISCONNECT = "disconnect"
    IOC_REMAINDER = "ioc_remainder"
    FOK_UNFILLED = "fok_unfilled"
    NO_LIQUIDITY = "no_liquidity"
    SELF_TRADE = "self_trade"
    AMENDED_BELOW_FILLED = "amended_below_filled"
    PRICE_BAND = "price_band"
    TRADE_LIMIT = "trade_limit"
    EXPIRED = "expired"
    CIRCUIT_BREAKER = "circuit_breaker"
