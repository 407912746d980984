"""Bugs to plant in dumping and loading the engine's state; see ``planted_bugs``."""

from order_engine.matching import engine_state, order_rows
from order_engine.matching.order_rows import RowReader
from order_engine.matching.trigger_book import TriggerBook
from tests.differential.planted_bugs import Planted

WRONG_STATE: dict[str, Planted] = {
    "a dump forgets what was filled": (order_rows, "_become", "order.filled_lots = now.filled_lots", "pass"),
    "a dump forgets the new price": (order_rows, "_become", "order.price_ticks = now.price_ticks", "pass"),
    "a dump forgets what is hidden": (order_rows, "_become", "order.hidden_lots = now.hidden_lots", "pass"),
    "a dump hides as if nothing had traded": (
        order_rows,
        "_become",
        "order.hidden_lots = now.hidden_lots",
        "order.show_slice()",
    ),
    "a dump forgets a new display quantity": (order_rows, "_become", "order.display_lots = now.display_lots", "pass"),
    "a dump forgets that a stop triggered": (order_rows, "_become", "order.status = now.status", "pass"),
    "a dump forgets the stop's new price": (
        order_rows,
        "_become",
        "StopTerms(now.stop_price_e8",
        "StopTerms(order.stop_price_e8",
    ),
    "a dump forgets a new trail": (
        order_rows,
        "_become",
        "now.trail_amount_e8, best",
        "order.trail_amount_e8, best",
    ),
    "a dump forgets how good the price was": (
        order_rows,
        "_become",
        "None if now.best_price_e8 is None else SharedBest(now.best_price_e8)",
        "None",
    ),
    "a dump takes what was filled for as it was placed": (
        order_rows,
        "row_of",
        "now != as_placed",
        "now[:2] != as_placed[:2]",
    ),
    "a dump overlooks a new price": (
        order_rows,
        "_is_untouched",
        "order.price_ticks * instrument.tick_size_e8 == placed.price_e8",
        "True",
    ),
    "a dump overlooks what was filled": (order_rows, "_is_untouched", "not order.filled_lots", "True"),
    "a dump cuts off more than the usual": (
        order_rows,
        "row_of",
        "return row if terms == _USUAL",
        "return row if terms[1:] == _USUAL[1:]",
    ),
    "a dump forgets whose order it is": (RowReader, "orders", "names.setdefault(user_id, user_id)", "None"),
    "a dump turns the queues round": (
        engine_state,
        "_dump_side",
        "for order in level)",
        "for order in reversed(list(level)))",
    ),
    "a dump forgets the stops": (engine_state, "_load_book", "book.stops.add, engine", "lambda order: None, engine"),
    "a dump forgets the session": (engine_state, "_load_book", "book.state = head.state", "pass"),
    "a dump forgets the last price": (
        engine_state,
        "_load_book",
        "book.last_trade_price_e8 = head.last_trade_price_e8",
        "pass",
    ),
    "a dump forgets the breaker's reference": (
        engine_state,
        "_load_book",
        "book.breaker_reference_e8 = head.breaker_reference_e8",
        "pass",
    ),
    "a dump forgets the settings": (engine_state, "load_engine", "engine.give_settings(head.settings)", "pass"),
    "a dump forgets the limits": (engine_state, "load_engine", "in head.risk_limits", "in head.risk_limits[:0]"),
    "a dump forgets who is disabled": (engine_state, "load_engine", "set(head.disabled_users)", "set()"),
    "a dump forgets that everybody is disabled": (
        engine_state,
        "load_engine",
        "head.everybody_is_disabled",
        "False",
    ),
    "a dump forgets the positions": (engine_state, "_load_book", "in positions)", "in positions[:0])"),
    "a dump forgets whose turn it is": (engine_state, "_load_book", "engine.restore_turns(book, turns)", "pass"),
    "a dump turns the turns round": (
        engine_state,
        "_dump_book",
        "book.stops.in_turn()]",
        "book.stops.in_turn()][::-1]",
    ),
    "a dump lets stops trigger twice": (
        TriggerBook,
        "restore_turns",
        "self.let_wait_for_turn(orders)",
        "self._turns = deque(orders)",
    ),
    "a dump forgets what is left to end": (engine_state, "load_engine", "engine.endings.restore(ending)", "pass"),
    "a dump forgets what expires": (engine_state, "_add", "engine.expiries.add(order)", "pass"),
}
