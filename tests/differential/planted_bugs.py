"""Bugs to plant in the engine, one at a time: in the source of a function, one piece is replaced by another.

If a piece is no longer in the source, the test fails: plant the same bug in the new code.
"""

from types import ModuleType

from order_engine.matching import accounts, admission, amendment, auction, endings, fill_or_kill, session
from order_engine.matching.accounts import Accounts
from order_engine.matching.admission import Admission
from order_engine.matching.book_side import BookSide
from order_engine.matching.endings import Endings
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.expiries import Expiries
from order_engine.matching.guard import Guard
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.open_sums import OpenSums
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.price_band import PriceBand

Owner = type | ModuleType
Planted = tuple[Owner, str, str, str]
"""Where the function is, its name, what it reads, and what it is made to read."""

PRIORITY: dict[str, Planted] = {
    "the last in is the first out": (BookSide, "add", "level.append(order)", "push_in_front(level, order)"),
    "a trade is at the taker's price": (
        OrderBook,
        "_cross",
        "level.head, level.price_ticks",
        "level.head, taker.price_ticks or level.price_ticks",
    ),
    "an order trades a tick through its limit": (OrderBook, "_cross", "> limit_rank", "> limit_rank + 1"),
    "an order does not trade at its limit itself": (OrderBook, "_cross", "> limit_rank", ">= limit_rank"),
    "the worst price comes first": (BookSide, "best", "get(heap[0])", "get(max(self.levels, default=heap[0]))"),
    "a stale price hides the best one": (BookSide, "add", "heappush(self._heap, rank)", "self._heap.append(rank)"),
    "a FOK order fills in part": (OrderBook, "_can_fill", "order.remaining_lots", "1"),
    "a FOK order counts beyond its limit": (fill_or_kill, "fills_at_a_glance", "level.rank > limit_rank", "False"),
    "a FOK order wants more than it needs": (fill_or_kill, "fills_at_a_glance", "lots <= 0", "lots < 0"),
    "a FOK order counts a trade too many": (
        fill_or_kill,
        "_walk",
        "lots <= 0 or steps <= 0",
        "lots <= 0 or steps <= 1",
    ),
    "a FOK order counts an order as no trade": (
        fill_or_kill,
        "fills_at_a_glance",
        "steps -= level.length if steps",
        "steps -= 0 if steps",
    ),
    "a FOK order may take more steps than others": (
        OrderBook,
        "enter",
        "outcome.steps_left)",
        "outcome.steps_left + 1)",
    ),
    "an IOC remainder rests": (OrderBook, "enter", "is _IOC", "is None"),
    "post-only may lock the book": (OrderBook, "would_take", "best.rank <=", "best.rank <"),
    "an unfilled market order is called banded": (OrderBook, "enter", "if opposite.best() is None", "if False"),
    "a fill is not added up": (Order, "fill", "self.filled_notional += lots", "self.filled_notional = lots"),
    "what is canceled is not said": (OrderBook, "end", "canceled_lots * self", "0 * self"),
    "trades are numbered from nothing": (OrderBook, "trade", "-{outcome.trade_count}", "-0"),
    "buyer and seller change places": (OrderBook, "_cross", "taker.side is _BUY", "taker.side is _SELL"),
}

AMENDS: dict[str, Planted] = {
    "less at the same price loses its place": (amendment, "amend", "quantity_lots <= order.quantity_lots", "False"),
    "more at the same price keeps its place": (amendment, "amend", "and quantity_lots <= order.quantity_lots", ""),
    "an amended order does not match": (
        amendment,
        "amend",
        "book.enter(order, outcome)",
        "book.side_of(order.side).add(order)",
    ),
    "amending under what is filled is a plain cancel": (
        amendment,
        "amend",
        "Reason.AMENDED_BELOW_FILLED",
        "Reason.USER_REQUESTED",
    ),
    "amending to exactly what is filled goes on": (amendment, "amend", "<= order.filled_lots", "< order.filled_lots"),
    "a post-only order may be amended to cross": (Admission, "of_amend", "if order.placed.post_only", "if False"),
    "a broken lot passes": (admission, "_refusal_of_steps", "(quantity_e8 is not None and quantity_e8 % lot)", "False"),
    "a broken display quantity passes": (admission, "_refusal_of_steps", "display_quantity_e8 % lot", "False"),
    "a trail off the tick passes": (admission, "_refusal_of_steps", "trail_amount_e8 % tick", "False"),
    "a stop off the tick passes": (admission, "_refusal_of_steps", "stop_price_e8 % tick", "False"),
    "the tick is looked at after the lot": (
        admission,
        "_refusal_of_steps",
        "Reason.TICK_SIZE",
        "Reason.LOT_SIZE if terms.quantity_e8 and terms.quantity_e8 % lot else Reason.TICK_SIZE",
    ),
    "a halt lets amends through": (Admission, "of_amend", "book.state in _REFUSED_BY_STATE", "False"),
    "the stop of a trailing stop may be named": (admission, "_fits", "or order.trail_amount_e8 is not None", ""),
    "an iceberg may shrink to dust": (admission, "_fits", "display_e8 * slices_max", "quantity_e8"),
    "an amend that changes nothing meets its limits": (
        Admission,
        "_refusal_of_protections",
        "not _changes(command, state)",
        "False",
    ),
    "the band looks at a price that stays": (
        Admission,
        "_refusal_of_protections",
        "_moves(command, order)",
        "command.price_e8 is not None",
    ),
    "an amended order that is filled stays in the index": (amendment, "amend", "not order.remaining_lots", "False"),
    "an amended stop keeps its old limit": (amendment, "_amend_stop", "order.price_ticks = price_ticks", "pass"),
    "an amended stop keeps its old trigger": (amendment, "_amend_stop", "book.stops.reprice(order)", "pass"),
    "a new trail moves nothing": (amendment, "_amend_stop", "= command.trail_amount_e8", "= order.trail_amount_e8"),
    "an amended order triggers nothing": (MatchingEngine, "_amend", "self._follow_up(book, outcome)", "pass"),
}

ICEBERGS: dict[str, Planted] = {
    "the next slice keeps the place of the last": (
        BookSide,
        "fill_maker",
        "    level.unlink(maker)\n    maker.show_slice()\n    level.append(maker)",
        "    maker.show_slice()\n    self.count(maker)",
    ),
    "a slice is too large": (Order, "show_slice", "- self.display_lots", "- self.display_lots - 1"),
    "an iceberg trades all at once": (OrderBook, "_cross", "- maker.hidden_lots", ""),
    "an iceberg shrinks from what shows": (
        Order,
        "decrement",
        "max(0, self.hidden_lots - max(0, lots))",
        "min(self.hidden_lots, self.remaining_lots)",
    ),
    "a new display quantity changes no slice": (
        OrderBook,
        "resize",
        "display_lots != order.display_lots",
        "not side",
    ),
    "a FOK order does not count what is hidden": (
        fill_or_kill,
        "fills_at_a_glance",
        "level.shown_lots + level.hidden_lots",
        "level.shown_lots",
    ),
    "a FOK order with a bound does not count what is hidden": (
        fill_or_kill,
        "icebergs_of",
        "if order.hidden_lots and",
        "if False and",
    ),
    "a FOK order goes on where its own user's order ends it": (
        fill_or_kill,
        "_walk",
        "return lots, 0",
        "return lots, steps",
    ),
    "a requeued iceberg shows all": (OrderBook, "enter", "order.show_slice()", "pass"),
}

SELF_TRADES: dict[str, Planted] = {
    "the instrument's mode overrules the order's": (
        OrderBook,
        "_guard_of",
        "placed.self_trade_prevention or self.self_trade_prevention",
        "self.self_trade_prevention or placed.self_trade_prevention",
    ),
    "the configured mode does not govern": (
        OrderBook,
        "give_terms",
        "or default_mode",
        "or SelfTradePrevention.NONE",
    ),
    "a new configured mode governs new books only": (
        MatchingEngine,
        "give_settings",
        "book.give_terms(book.instrument, settings.self_trade_prevention)",
        "pass",
    ),
    "orders of nobody are one user's": (Guard, "owns", "self.own_user is not None and", ""),
    "CANCEL_BOTH spares the incoming order": (
        OrderBook,
        "_prevent_self_trade",
        "is not SelfTradePrevention.CANCEL_OLDEST",
        "is SelfTradePrevention.CANCEL_NEWEST",
    ),
    "CANCEL_BOTH spares the resting order": (
        OrderBook,
        "_prevent_self_trade",
        "is not SelfTradePrevention.CANCEL_NEWEST",
        "is SelfTradePrevention.CANCEL_OLDEST",
    ),
    "DECREMENT looks at what shows": (
        OrderBook,
        "_decrement_both",
        "min(taker.remaining_lots, maker.remaining_lots)",
        "min(taker.remaining_lots, maker.shown_lots)",
    ),
    "DECREMENT tells the incoming order first": (
        OrderBook,
        "_decrement_both",
        "in (maker, taker)",
        "in (taker, maker)",
    ),
    "DECREMENT keeps the total": (Order, "decrement", "self.quantity_lots -= lots", "pass"),
    "a FOK order is held up by an order it would cancel": (
        fill_or_kill,
        "_walk",
        "guard.mode is not SelfTradePrevention.CANCEL_OLDEST",
        "guard.mode",
    ),
    "a FOK order counts its own user's": (fill_or_kill, "_walk", "guard.owns(order)", "False"),
}

SESSIONS: dict[str, Planted] = {
    "a call matches": (OrderBook, "enter", "self.state is _PRE_OPEN", "False"),
    "a call's indication does not see a new order": (OrderBook, "enter", "self.call_changes += 1", "pass"),
    "a call's indication does not see a cancel": (OrderBook, "take_out", "self.call_changes += 1", "pass"),
    "a call's indication does not see a smaller order": (OrderBook, "resize", "self.call_changes += 1", "pass"),
    "a call refuses a stop": (admission, "_refusal_of_session", "placed.order_type in STOP_TYPES", "False"),
    "a call refuses what would take": (
        admission,
        "_refusal_of_post_only",
        "or book.state is _PRE_OPEN",
        "",
    ),
    "a call has a band": (
        admission,
        "_refusal_of_band",
        "or book.state is _PRE_OPEN",
        "",
    ),
    "DAY orders outlive the day": (MatchingEngine, "_set_state", "is SessionState.CLOSED", "is None"),
    "DAY stops outlive the day": (endings, "_orders_of", "*book.stops.orders.values()", ""),
    "DAY orders expire by side": (
        endings,
        "_orders_of",
        "sorted(orders, key=lambda order: order.sequence)",
        "orders",
    ),
    "a GTD order lives a moment too long": (Expiries, "take_due", "[0][0] <= timestamp_ns", "[0][0] < timestamp_ns"),
    "GTD orders expire in order of time": (
        Expiries,
        "take_due",
        "sorted(due, key=lambda order: order.sequence)",
        "due",
    ),
    "an expiry hits a newer order of that name": (Expiries, "_live_order", "and order.sequence == sequence", ""),
    "an order may be due at once": (
        Admission,
        "of_order",
        "expire_at_ns <= timestamp_ns",
        "expire_at_ns < timestamp_ns",
    ),
    "opening an open session enters it again": (session, "enter_state", "and before is not _OPEN", ""),
    "opening triggers no stop": (session, "enter_state", "follow_up(book, trades_before, outcome)", "pass"),
    "more to buy takes the lowest price": (auction, "indicate", "return candidates[-1]", "return candidates[0]"),
    "more to sell takes the highest price": (
        auction,
        "indicate",
        "return candidates[0]",
        "return candidates[0 if book.last_trade_price_e8 is None else -1]",
    ),
    "an auction before any trade takes the highest price": (
        auction,
        "indicate",
        "return candidates[0]",
        "return candidates[-1 if book.last_trade_price_e8 is None else 0]",
    ),
    "the imbalance does not matter": (auction, "indicate", "abs(candidate.imbalance_lots) == least", "candidates"),
    "the lower of two near prices wins": (auction, "_distance", "-candidate.price_ticks", "candidate.price_ticks"),
    "an auction overlooks what bids hide": (
        auction,
        "_lots_up_to",
        "+ level.hidden_lots for",
        "+ level.hidden_lots * (side.sign > 0) for",
    ),
    "an auction leaves its own price out": (auction, "uncross", "< price_ticks", "<= price_ticks"),
    "an iceberg hides all after an auction": (auction, "_fill", "order.show_slice()", "pass"),
}

PROTECTIONS: dict[str, Planted] = {
    "the edge of a band is outside": (PriceBand, "holds", "<= self", "< self"),
    "the band moves with the trades of a step": (
        OrderBook,
        "_cross",
        "guard.stops_at(level)",
        "(self._guard_of(taker) or guard).stops_at(level)",
    ),
    "a FOK order does not see the band": (fill_or_kill, "fills_at_a_glance", "guard.stops_at(level)", "False"),
    "the breaker measures from the last auction but one": (
        session,
        "enter_state",
        "book.breaker_reference_e8 = None",
        "pass",
    ),
    "the breaker looks without a trade": (session, "follow_up", "outcome.trade_count > trades_before", "True"),
    "the breaker lets queued stops go": (
        session,
        "follow_up",
        "                stops.put_back_triggered()\n                break",
        "                pass",
    ),
    "the largest order is too large": (
        accounts,
        "refusal_of_size",
        "is not None and quantity_e8 >",
        "is not None and quantity_e8 >=",
    ),
    "the largest notional is too large": (
        accounts,
        "refusal_of_size",
        "price_e8 * quantity_e8 >",
        "price_e8 * quantity_e8 >=",
    ),
    "one open order too many": (Accounts, "refusal_of_order", ">= open_max", "> open_max"),
    "immediate orders count as open": (Accounts, "refusal_of_order", "and may_wait(placed)", ""),
    "the largest position is too large": (Accounts, "_refusal_of_position", "reached_e8 >", "reached_e8 >="),
    "a position forgets pending orders": (
        OpenSums,
        "add",
        "_remaining_e8(order)",
        "_remaining_e8(order) * (not order.is_pending)",
    ),
    "limits add up over symbols": (Accounts, "_refusal_of_position", "user_id, placed.symbol", "user_id, 'AAA'"),
    "a position counts what was traded as open": (OrderBook, "trade", "self._sums.note(buy)", "pass"),
    "a sale that was traded counts as open": (OrderBook, "trade", "self._sums.note(sell)", "pass"),
    "an order that is gone counts as open": (LiveOrders, "remove", "if self.users_with_sums", "if False"),
    "an amended order counts as it was": (OrderBook, "note", "self._sums.note(order)", "pass"),
    "sums are made of a user's orders from then on": (LiveOrders, "sum_of", "self.newest_first(user_id)", "()"),
    "an amend counts its whole quantity again": (
        Accounts,
        "refusal_of_amend",
        "placed.user_id, increase_e8",
        "placed.user_id, quantity_e8",
    ),
    "everybody's limits overrule a user's own": (
        Accounts,
        "limits_of",
        "self.limits.get(user_id) or self.limits.get(EVERYBODY)",
        "self.limits.get(EVERYBODY) or self.limits.get(user_id)",
    ),
    "a sale adds to the position": (OrderBook, "trade", "-= quantity_e8", "+= quantity_e8"),
    "a disabled user trades on": (
        MatchingEngine,
        "_disable_user",
        "self.accounts.disabled.add(command.user_id)",
        "pass",
    ),
    "a disabled user's orders stay": (MatchingEngine, "_disable_user", "self.endings.begin(ending, outcome)", "pass"),
}

NAMES: dict[str, Planted] = {
    "an id of a live order is taken again": (
        LiveOrders,
        "has_id_of",
        "self.find(placed.order_id) is not None",
        "False",
    ),
    "a client's id of a live order is taken again": (
        Admission,
        "of_order",
        "live.with_client_id(placed.user_id, client_order_id)",
        "None",
    ),
    "a client's id is taken by another user": (
        LiveOrders,
        "with_client_id",
        "found.placed.user_id == user_id",
        "True",
    ),
    "an id that several users gave is kept too long": (
        LiveOrders,
        "_remove_client_id",
        "del found[user_id]",
        "pass",
    ),
    "a user's orders fall apart where one is taken out": (LiveOrders, "remove", "newer.older = older", "pass"),
    "an unnamed order takes a live order's name": (
        LiveOrders,
        "has_id_of",
        "str(sequence) in self.by_key",
        "False",
    ),
    "a lost connection is called a request": (MatchingEngine, "_cancel", "command.on_disconnect", "False"),
    "a wrong symbol is overlooked": (LiveOrders, "named_by", "command.symbol != order.placed.symbol", "False"),
    "a mass cancel forgets its side": (endings, "_fits", "and ending.side in (None, placed.side)", ""),
    "a mass cancel goes backwards": (Endings, "_concerned", "(ending.user_id)", "(ending.user_id)[::-1]"),
    "a filled maker stays in the index": (OrderBook, "_cross", "self._live.remove(maker)", "pass"),
    "the tick changes while an order lives": (MatchingEngine, "_set_instrument", "book.has_orders", "book.bids.levels"),
    "one instrument too many is listed": (MatchingEngine, "_is_full", ">= self", "> self"),
    "a refused state lists its symbol": (MatchingEngine, "_set_state", "self._listable", "self.default_instrument"),
}

WRONG_EVENTS = PRIORITY | AMENDS | ICEBERGS | SELF_TRADES | SESSIONS | PROTECTIONS | NAMES
