"""Bugs to plant in waiting and triggered stops; see ``planted_bugs``."""

from order_engine.matching import session, trailing_stops
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.trailing_stops import TrailingStops
from order_engine.matching.trigger_book import TriggerBook
from tests.differential.planted_bugs import Planted

STOPS: dict[str, Planted] = {
    "a stop waits for a price beyond its own": (TriggerBook, "_pop", "<= reached", "< reached"),
    "BUY stops go before older SELL stops": (
        TriggerBook,
        "look_for_triggered",
        "sorted(triggered, key=lambda order: order.sequence)",
        "triggered",
    ),
    "newly triggered stops jump the queue": (TriggerBook, "let_wait_for_turn", ".extend(", ".extendleft("),
    "a triggered order that is filled stays in the index": (session, "_activate", "not order.remaining_lots", "False"),
    "triggers are looked at once only": (session, "follow_up", "trades_before = outcome.trade_count", "break"),
    "a trailing stop follows the price back": (
        TrailingStops,
        "ratchet",
        "self._rank(bests[-1].price_e8) >= rank",
        "rank",
    ),
    "a trailing stop follows its own order only": (TrailingStops, "ratchet", "while bests and", "if bests and"),
    "stops that meet at one best price forget one": (
        trailing_stops,
        "_merge",
        "heappush(large.nearest, entry)",
        "pass",
    ),
    "stops that meet at one best price are not counted": (
        trailing_stops,
        "_merge",
        "large.count += small.count",
        "pass",
    ),
    "a trailing stop is looked at once only": (TrailingStops, "take_triggered", "self._expect(best)", "pass"),
    "a smaller trail is not expected sooner": (TrailingStops, "_expect", "best.expected <= key", "best.expected"),
    "a trail that a stop left stays in its heap": (
        TrailingStops,
        "_waits",
        "and order.trail_amount_e8 ==",
        "or trail_amount_e8 ==",
    ),
    "a trailing stop outlives its order": (TrailingStops, "remove", "self._waiting.pop(order.sequence, None)", "pass"),
    "a trailing stop forgets the price at entry": (
        OrderBook,
        "wait",
        "SharedBest(self.last_trade_price_e8)",
        "SharedBest(None)",
    ),
    "a trailing stop never follows": (session, "follow_up", "stops.ratchet(last_price_e8)", "pass"),
    "a triggered stop keeps its stop price": (
        Order,
        "trigger",
        "self.stop = None",
        "pass",
    ),
    "a triggered limit goes beyond the band": (session, "_activate", "_is_out_of_band(order, book)", "False"),
    "the breaker forgets the stops that waited": (TriggerBook, "put_back_triggered", "self.reprice(order)", "pass"),
    "an entering stop triggers nothing": (
        MatchingEngine,
        "_place",
        "if book.stops.orders or",
        "if outcome.trade_count and book.stops.orders or",
    ),
    "a price that a stop left stays in its heap": (TriggerBook, "_is_current", "and key ==", "or key =="),
}
