"""The auction: one price for all, found from the whole book. See the rulebook, Auction."""

from itertools import takewhile
from typing import NamedTuple

from order_engine.matching.book_side import BookSide
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.outcome import Outcome


class Indication(NamedTuple):
    """What an auction would do now. ``imbalance_lots``: what is to buy at the price less what is to sell."""

    price_ticks: int
    quantity_lots: int
    imbalance_lots: int


def indicate(book: OrderBook) -> Indication | None:
    """Find the price at which the book would uncross; None if it is neither crossed nor locked."""
    best_bid, best_ask = book.bids.best(), book.asks.best()
    if best_bid is None or best_ask is None or best_bid.price_ticks < best_ask.price_ticks:
        return None
    candidates = _candidates(book, best_bid.price_ticks, best_ask.price_ticks)
    most = max(candidate.quantity_lots for candidate in candidates)
    candidates = [candidate for candidate in candidates if candidate.quantity_lots == most]
    least = min(abs(candidate.imbalance_lots) for candidate in candidates)
    candidates = [candidate for candidate in candidates if abs(candidate.imbalance_lots) == least]
    if all(candidate.imbalance_lots > 0 for candidate in candidates):
        return candidates[-1]
    if all(candidate.imbalance_lots < 0 for candidate in candidates) or book.last_trade_price_e8 is None:
        return candidates[0]
    return min(candidates, key=lambda candidate: _distance(book, candidate))


def uncross(book: OrderBook, outcome: Outcome) -> None:
    """Trade everything that can trade, at the one price, in price-time priority."""
    indication = indicate(book)
    if indication is None:
        return
    price_ticks = indication.price_ticks
    while True:
        bid, ask = book.bids.best(), book.asks.best()
        if bid is None or ask is None or bid.price_ticks < price_ticks or ask.price_ticks > price_ticks:
            return
        buy, sell = bid.head, ask.head
        assert buy is not None
        assert sell is not None
        lots = min(buy.remaining_lots, sell.remaining_lots)
        _fill(book, book.bids, buy, price_ticks, lots)
        _fill(book, book.asks, sell, price_ticks, lots)
        book.trade(buy, sell, None, price_ticks, lots, outcome)


def _fill(book: OrderBook, side: BookSide, order: Order, price_ticks: int, lots: int) -> None:
    """Fill an order, hidden lots included; the rest keeps its place and shows its slice."""
    side.discount(order)
    order.fill(lots, price_ticks)
    order.show_slice()
    side.count(order)
    if not order.remaining_lots:
        side.remove(order)
        book.forget(order)


def _candidates(book: OrderBook, best_bid_ticks: int, best_ask_ticks: int) -> list[Indication]:
    """Return the quantity that would trade at each limit price, lowest price first, without zeros."""
    buys, sells = _lots_up_to(book.bids, worst_ticks=best_ask_ticks), _lots_up_to(book.asks, worst_ticks=best_bid_ticks)
    buy_lots, sell_lots = sum(buys.values()), 0
    candidates = []
    for price_ticks in sorted({*buys, *sells}):
        sell_lots += sells.get(price_ticks, 0)
        candidates.append(Indication(price_ticks, min(buy_lots, sell_lots), buy_lots - sell_lots))
        buy_lots -= buys.get(price_ticks, 0)
    return candidates


def _lots_up_to(side: BookSide, worst_ticks: int) -> dict[int, int]:
    """Add up each level that the other side's best price reaches."""
    worst_rank = side.sign * worst_ticks
    reached = takewhile(lambda level: level.rank <= worst_rank, side.best_first())
    return {level.price_ticks: level.shown_lots + level.hidden_lots for level in reached}


def _distance(book: OrderBook, candidate: Indication) -> tuple[int, int]:
    assert book.last_trade_price_e8 is not None
    price_e8 = candidate.price_ticks * book.instrument.tick_size_e8
    return abs(price_e8 - book.last_trade_price_e8), -candidate.price_ticks
