"""Bugs to plant in the bounds of records, icebergs and the exchange; see ``planted_bugs``."""

from order_engine.matching import session
from order_engine.matching.admission import Admission
from order_engine.matching.endings import Endings
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.expiries import Expiries
from order_engine.matching.order_book import OrderBook
from order_engine.matching.sum_tree import SumTree
from order_engine.matching.summed_side import SummedSide
from order_engine.matching.trigger_book import TriggerBook
from tests.differential.planted_bugs import Planted

# Planted where the first FOK order of a side makes its sums.
SUMS: dict[str, Planted] = {
    "the sums of a side forget what is hidden": (SummedSide, "_sum_up", "if hidden_lots:", "if False:"),
    "the sums of a side count what is hidden as shown": (SummedSide, "_sum_up", "- hidden_lots)", ")"),
    "the sums of a user are not kept": (SummedSide, "_sum_up", "theirs.change(key, shown_lots, 0)", "pass"),
    "the sums of a user forget what is hidden": (
        SummedSide,
        "_sum_up",
        "theirs.change(key | ALL_HIDDEN, sign * hidden_lots, slices)",
        "pass",
    ),
    "orders that come to one price stand in one place": (SummedSide, "_queue", "self._arrivals += 1", "pass"),
    "a FOK order goes on behind its user's order in the sums": (
        SummedSide,
        "can_fill",
        "first <= reached.key",
        "False",
    ),
    "a FOK order counts its own user's in the sums": (
        SummedSide,
        "can_fill",
        "reaching(lots, steps, passed)",
        "reaching(lots, steps)",
    ),
    "a FOK order counts beyond its limit in the sums": (SummedSide, "can_fill", "level.rank > limit_rank", "False"),
    "a FOK order does not see the band in the sums": (SummedSide, "can_fill", "guard.stops_at(level)", "False"),
    "a FOK order counts no step in the sums": (
        SumTree,
        "reaching",
        "bisect_left(steps_up_to, steps, 1)",
        "len(node.keys) + 1",
    ),
    "a FOK order needs every slice in the sums": (SummedSide, "can_fill", "return left <= 0", "return False"),
}

BOUNDS: dict[str, Planted] = {
    "a record may take a step too many": (
        OrderBook,
        "_cross",
        "outcome.trade_count >= outcome.trades_max",
        "outcome.trade_count > outcome.trades_max",
    ),
    "an order that the bound ends rests": (
        OrderBook,
        "enter",
        "if is_cut:",
        "if is_cut and order.price_ticks is None:",
    ),
    "a prevented self-trade is no step": (OrderBook, "_cross", "outcome.trades_max -= 1", "pass"),
    "stops are activated beyond the bound": (session, "follow_up", "outcome.steps_left <= 0", "False"),
    "the bound ends an order that could not trade": (
        OrderBook,
        "_cross",
        "if level is None or",
        "if not outcome.steps_left:\n            return True\n        if level is None or",
    ),
    "stops whose turn came are forgotten": (MatchingEngine, "_note_unfinished", "book.stops.has_triggered", "False"),
    "a command does not wait for the turn of stops": (MatchingEngine, "apply", "if self._unfinished", "if False"),
    "stops keep their turn in a closed session": (session, "enter_state", "book.stops.put_back_triggered()", "pass"),
    "a stop that ended has its turn": (TriggerBook, "remove", "self._triggered.pop(order.sequence, None)", "pass"),
    "a command ends an order too many": (Endings, "go_on", "room > 0", "room >= 0"),
    "what is left to end is forgotten": (Endings, "go_on", "if not orders:", "if True:"),
    "a session begins before the orders of the last day are ended": (
        MatchingEngine,
        "_set_state",
        "self.endings.finish(begun_by, outcome)",
        "pass",
    ),
    "what is due waits though it could trade": (
        MatchingEngine,
        "_expire",
        "lets_none_trade(command) and self.unfinished is None",
        "True",
    ),
    "all that is due expires at once": (Expiries, "take_due", "and len(due) < orders_max", ""),
    "an iceberg of too many slices is new": (
        Admission,
        "of_order",
        "display_e8 * self._slices_max",
        "placed.quantity_e8",
    ),
    "one order too many lives": (Admission, "of_order", ">= self._live_orders_max", "> self._live_orders_max"),
    "orders that cannot stay are too many": (Admission, "of_order", "and may_wait(placed)", ""),
    "an admin is bound too": (MatchingEngine, "_set_instrument", "is not True", "is not None"),
    "everybody may list beyond the bound": (MatchingEngine, "_set_instrument", "is not True", "is None"),
}
