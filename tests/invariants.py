"""What is always true of the books, checked from scratch. See the rulebook, Always true."""

from order_engine.matching.book_side import BookSide
from order_engine.matching.commands import SessionState, Side
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.events import OrderStatus
from order_engine.matching.live_orders import LiveOrders
from order_engine.matching.open_sums import OpenSum
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook
from order_engine.matching.sum_tree import SumTree
from order_engine.matching.summed_side import SummedSide


def check_engine(engine: MatchingEngine) -> None:
    """Raise ``AssertionError`` if any book, or the index of live orders, is not as it must be."""
    live = [order for book in engine.books.values() for order in check_book(book)]
    assert len(live) == len(engine.live.by_key), "an order lives unindexed, or is indexed and lives nowhere"
    for order in live:
        assert engine.live.find(order.order_id) is order, f"{order.order_id} is not indexed"
    _check_users(engine.live, live)


def _check_users(index: LiveOrders, live: list[Order]) -> None:
    named = [order for order in live if order.placed.user_id is not None]
    linked = [order for user_id in index.by_user for order in index.newest_first(user_id)]
    assert len(linked) == len(named), "an order of a user is not linked, or one is that does not live"
    for order in linked:
        assert index.find(order.order_id) is order, f"{order.order_id} is linked and does not live"
        assert order.older is None or order.older.newer is order, f"{order.order_id} has lost its older order"
        assert order.older is None or order.older.placed.user_id == order.placed.user_id
    for order in named:
        if order.placed.client_order_id is not None:
            assert index.with_client_id(order.placed.user_id, order.placed.client_order_id) is order
    for user_id, sums in index.sums.users.items():
        _check_sums(user_id, sums, [order for order in named if order.placed.user_id == user_id])
    client_ids = {(order.placed.user_id, order.placed.client_order_id) for order in named}
    indexed = sum(len(found) if isinstance(found, dict) else 1 for found in index._by_client_id.values())
    assert indexed == sum(client_order_id is not None for _, client_order_id in client_ids)


def _check_sums(user_id: str, sums: dict[str, OpenSum], live: list[Order]) -> None:
    for symbol in {order.placed.symbol for order in live} | sums.keys():
        orders = [order for order in live if order.placed.symbol == symbol]
        assert sums[symbol].orders == len(orders), f"{user_id} has other orders in {symbol} than are counted"
        for side in Side:
            open_e8 = sum(order.remaining_lots * order.instrument.lot_size_e8 for order in orders if order.side is side)
            assert sums[symbol].on(side) == open_e8, f"{user_id}'s open {side} quantity in {symbol} is another"


def check_book(book: OrderBook) -> list[Order]:
    """Raise ``AssertionError`` if a book is not as it must be; return its live orders."""
    best_bid, best_ask = book.bids.best(), book.asks.best()
    if book.state is SessionState.OPEN and best_bid is not None and best_ask is not None:
        assert best_bid.price_ticks < best_ask.price_ticks, f"{book.instrument.symbol} is crossed or locked"
    assert book.state is SessionState.OPEN or not book.stops.has_triggered, "a stop has its turn in a closed session"
    for order in book.stops.orders.values():
        assert order.is_pending, f"{order.order_id} waits and is not pending"
        assert order.remaining_lots == order.quantity_lots > 0, f"{order.order_id} waits and is not whole"
    return _check_side(book, book.bids) + _check_side(book, book.asks) + list(book.stops.orders.values())


def _check_side(book: OrderBook, side: BookSide) -> list[Order]:
    resting: list[Order] = []
    best = side.best()
    assert (best is None) == (not side.levels), "the heap and the levels disagree"
    assert best is None or best.rank == min(side.levels), "the heap does not know the best level"
    for rank, level in side.levels.items():
        orders = list(level)
        assert orders, f"the level at {level.price_ticks} is empty"
        assert rank == level.rank == side.sign * level.price_ticks
        assert level.length == len(orders)
        assert level.shown_lots == sum(order.shown_lots for order in orders)
        assert level.hidden_lots == sum(order.hidden_lots for order in orders)
        for order in orders:
            assert order.level is level
            assert book.side_of(order.side) is side
            _check_order(order)
        resting += orders
    if isinstance(side, SummedSide):
        _check_summed(side, resting)
    return resting


def _check_summed(side: SummedSide, resting: list[Order]) -> None:
    assert side._keys.keys() == {order.sequence for order in resting}, "an order that rests is not in the sums"
    fresh = SummedSide(side)
    assert values_of(side._all) == values_of(fresh._all), "the sums of a side are others"
    for user_id, theirs in side._owners.items():
        own = [order for order in resting if order.placed.user_id == user_id]
        assert values_of(theirs) == values_of(fresh._sums_of(user_id, own)), f"the sums of {user_id} are others"


def values_of(tree: SumTree) -> list[tuple[int, int]]:
    """List what each key has, in order, and check each sum over them."""
    nodes = [tree._root]
    while (children := [child for node in nodes for child in node.children or ()]) != []:
        for node in nodes:
            under = node.children or []
            assert node.lots == [sum(child.lots) for child in under]
            assert node.steps == [sum(child.steps) for child in under]
            assert all(key <= child.keys[0] for key, child in zip(node.keys, under, strict=True))
        nodes = children
    keys = [key for node in nodes for key in node.keys]
    assert keys == sorted(set(keys))
    return [pair for node in nodes for pair in zip(node.lots, node.steps, strict=True)]


def _check_order(order: Order) -> None:
    assert order.shown_lots > 0, f"{order.order_id} rests and shows nothing"
    assert order.quantity_lots == order.filled_lots + order.remaining_lots
    assert order.status is (OrderStatus.PARTIALLY_FILLED if order.filled_lots else OrderStatus.OPEN)
    assert order.stop_price_e8 is None, f"{order.order_id} rests and has a stop"
    assert 0 <= order.hidden_lots <= order.remaining_lots
    if order.display_lots is None:
        assert order.hidden_lots == 0, f"{order.order_id} hides lots and is no iceberg"
    else:
        assert order.shown_lots <= order.display_lots, f"{order.order_id} shows more than it may"
