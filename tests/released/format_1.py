"""Dumps a state as release 5212ce9 did, so that its recorded hashes can be compared."""

import msgspec

from order_engine.exchange.remembered_answers import decode_answer
from order_engine.exchange.snapshot_format_1 import BookState, DumpedState, EngineState, LiveOrder, Position
from order_engine.exchange.state import ExchangeState
from order_engine.matching.book_side import BookSide
from order_engine.matching.engine import MatchingEngine
from order_engine.matching.order import Order
from order_engine.matching.order_book import OrderBook


def dump(state: ExchangeState) -> bytes:
    answers = [decode_answer(answer) for answer in state.answers.dump()]
    return msgspec.json.encode(DumpedState(engine=_engine(state.engine), answers=answers))


def _engine(engine: MatchingEngine) -> EngineState:
    accounts = engine.accounts
    positions = sorted(
        (user_id, book.instrument.symbol, net_quantity_e8)
        for book in engine.books.values()
        for user_id, net_quantity_e8 in book.positions_e8.items()
    )
    return EngineState(
        sequence=engine.sequence,
        timestamp_ns=engine.timestamp_ns,
        settings=engine.settings,
        books=[_book(engine.books[symbol]) for symbol in sorted(engine.books)],
        risk_limits=[accounts.limits[user_id] for user_id in sorted(accounts.limits)],
        disabled_users=sorted(accounts.disabled),
        positions=[Position(user_id=user_id, symbol=symbol, net_quantity_e8=net) for user_id, symbol, net in positions],
    )


def _book(book: OrderBook) -> BookState:
    return BookState(
        instrument=book.instrument,
        state=book.state,
        last_trade_price_e8=book.last_trade_price_e8,
        breaker_reference_e8=book.breaker_reference_e8,
        bids=_side(book.bids),
        asks=_side(book.asks),
        stops=[_order(book.stops.orders[sequence]) for sequence in sorted(book.stops.orders)],
    )


def _side(side: BookSide) -> list[LiveOrder]:
    return [_order(order) for level in side.best_first() for order in level]


def _order(order: Order) -> LiveOrder:
    return LiveOrder(
        placed=order.placed,
        sequence=order.sequence,
        timestamp_ns=order.timestamp_ns,
        price_ticks=order.price_ticks,
        quantity_lots=order.quantity_lots,
        filled_lots=order.filled_lots,
        filled_notional=order.filled_notional,
        status=order.status,
        display_lots=order.display_lots,
        hidden_lots=order.hidden_lots,
        stop_price_e8=order.stop_price_e8,
        trail_amount_e8=order.trail_amount_e8,
        best_price_e8=None if order.stop is None else order.stop.best_price_e8,
    )
