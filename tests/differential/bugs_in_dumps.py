"""Bugs to plant where the engine's state is dumped and loaded; see ``planted_bugs``."""

from order_engine.matching import engine_state
from tests.differential.planted_bugs import Planted

WRONG_STATE: dict[str, Planted] = {
    "a dump forgets what was filled": (engine_state, "_load_order", "= live.filled_lots", "= 0"),
    "a dump forgets the new price": (engine_state, "_load_order", "order.price_ticks = live.price_ticks", "pass"),
    "a dump forgets what is hidden": (engine_state, "_load_order", "order.hidden_lots = live.hidden_lots", "pass"),
    "a dump hides as if nothing had traded": (
        engine_state,
        "_load_order",
        "order.hidden_lots = live.hidden_lots",
        "order.show_slice()",
    ),
    "a dump forgets a new display quantity": (
        engine_state,
        "_load_order",
        "order.display_lots = live.display_lots",
        "pass",
    ),
    "a dump forgets that a stop triggered": (
        engine_state,
        "_load_order",
        "= live.stop_price_e8",
        "= order.stop_price_e8",
    ),
    "a dump forgets a new trail": (engine_state, "_load_order", "order.trail_amount_e8 = live.trail_amount_e8", "pass"),
    "a dump forgets how good the price was": (
        engine_state,
        "_load_order",
        "order.best_price_e8 = live.best_price_e8",
        "pass",
    ),
    "a dump turns the queues round": (
        engine_state,
        "_dump_side",
        "for order in level]",
        "for order in reversed(list(level))]",
    ),
    "a dump forgets the stops": (engine_state, "_load_book", "in state.stops", "in state.stops[:0]"),
    "a dump forgets the session": (engine_state, "_load_book", "book.state = state.state", "pass"),
    "a dump forgets the last price": (
        engine_state,
        "_load_book",
        "book.last_trade_price_e8 = state.last_trade_price_e8",
        "pass",
    ),
    "a dump forgets the breaker's reference": (
        engine_state,
        "_load_book",
        "book.breaker_reference_e8 = state.breaker_reference_e8",
        "pass",
    ),
    "a dump forgets the settings": (engine_state, "load_engine", "engine.settings = state.settings", "pass"),
    "a dump forgets the limits": (engine_state, "load_engine", "in state.risk_limits", "in state.risk_limits[:0]"),
    "a dump forgets who is disabled": (engine_state, "load_engine", "set(state.disabled_users)", "set()"),
    "a dump forgets the positions": (engine_state, "load_engine", "in state.positions", "in state.positions[:0]"),
    "a dump forgets what expires": (engine_state, "load_engine", "engine.expiries.add(order)", "pass"),
}
