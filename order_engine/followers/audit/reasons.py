"""The reasons in words: the end of a sentence, from "because" on, with the code in parentheses."""

WORDS = {
    "unknown_order": "there is no such live order",
    "user_disabled": "the user's orders are not taken at present",
    "unknown_symbol": "the symbol is not listed",
    "market_closed": "the market is closed",
    "instrument_halted": "trading in the instrument is halted",
    "not_in_auction": "an auction takes no such order",
    "duplicate_order_id": "a live order has that id already",
    "too_many_orders": "the exchange holds as many live orders as it may",
    "invalid_instruction": "its terms contradict each other or the instrument's",
    "tick_size": "the price is no multiple of the tick size",
    "lot_size": "the quantity is no multiple of the lot size",
    "min_price": "the price is below the instrument's least",
    "max_price": "the price is above the instrument's highest",
    "min_quantity": "the quantity is below the instrument's least",
    "max_quantity": "the quantity is above the instrument's most",
    "min_notional": "price times quantity is below the instrument's least",
    "price_out_of_band": "the price lies outside of the band around the reference price",
    "risk_max_order_quantity": "the quantity is above the user's limit for one order",
    "risk_max_order_notional": "the value is above the user's limit for one order",
    "risk_max_open_orders": "the user has as many live orders as allowed",
    "risk_max_position": "the user's position could pass its limit",
    "post_only_would_take": "it is post-only and would have traded at once",
    "user_requested": "that was asked for",
    "ioc_remainder": "it could not trade at once and was not to wait",
    "fok_unfilled": "it could not trade whole at once and was not to trade in part",
    "no_liquidity": "nobody was left to trade with",
    "self_trade": "it would have traded with an order of the same user",
    "amended_below_filled": "it was amended to no more than had traded already",
    "price_band": "it would have traded outside of the price band",
    "settled": "the instrument was settled",
    "trade_limit": "one command had made as many trades as it may",
    "expired": "its time was over",
    "circuit_breaker": "the price moved so far that trading was halted",
    "disconnect": "the connection that it was placed on was lost",
}


def because(reason: str) -> str:
    """Return the end of a sentence: the reason, and the code that clients see."""
    return f"because {WORDS.get(reason, reason.replace('_', ' '))} ({reason})"
