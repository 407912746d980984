"""The market: the top of each book, its depth, and the last 24 hours."""

from flask import Blueprint, Response

from order_engine.api.plumbing import answers, rendering, schemas
from order_engine.api.plumbing.freshness import Freshness
from order_engine.api.plumbing.operation import Asked, Entrance, Operation
from order_engine.api.plumbing.problems import Content, unknown_symbol
from order_engine.api.plumbing.rendering import Renderer
from order_engine.api.plumbing.responses import answer
from order_engine.exchange.clock import Clock
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.views import Depth
from order_engine.market_data.candles import INTERVALS
from order_engine.matching.commands import SessionState
from order_engine.queries.queries import Queries
from order_engine.wire.units import format_price

MARKET = Operation(
    summary="Show an instrument's market",
    description="Best bid and ask, the last price, and the last 24 hours, reckoned in whole minutes.",
    answers={200: answers.Market()},
    problems=(404,),
)
DEPTH = Operation(
    summary="Show the best levels of a book",
    query=schemas.DEPTH,
    answers={200: answers.Depth()},
    problems=(404,),
)
ORDER_BOOK = DEPTH._replace(summary="Show a book", query=schemas.ORDER_BOOK)
CANDLES = Operation(
    summary="Show an instrument's candles, oldest first",
    description="The newest `limit` stretches of time in which something traded. Days begin at midnight UTC.",
    query=schemas.CANDLES,
    answers={200: answers.Candles()},
    problems=(404,),
)
TOP_OF_BOOK = Operation(summary="Show the best bid and ask", answers={200: answers.TopOfBook()}, problems=(404,))


class Market:
    """Shows books as they are, and what was traded."""

    def __init__(
        self, exchange: Exchange, freshness: Freshness, queries: Queries, clock: Clock, renderer: Renderer
    ) -> None:
        self._exchange = exchange
        self._freshness = freshness
        self._queries = queries
        self._clock = clock
        self._renderer = renderer

    def market(self, asked: Asked, symbol: str) -> Response:
        """Show the top of the book, the last price and the last 24 hours."""
        depth = self._depth(asked, symbol, 1, indicates=False)
        tick_size_e8 = depth.instrument.tick_size_e8
        last_price_e8 = depth.last_trade_price_e8
        content = _top(symbol, depth)
        content["state"] = depth.state
        content["last_price"] = None if last_price_e8 is None else format_price(last_price_e8, tick_size_e8)
        self._freshness.of_database(asked.min_sequence)
        over_a_day = self._queries.statistics(symbol, self._clock.now_ns())
        return answer(content | rendering.statistics(over_a_day, tick_size_e8))

    def depth(self, asked: Asked, symbol: str) -> Response:
        """Show the best levels."""
        return self._book(asked, symbol, schemas.LEVELS_DEFAULT)

    def order_book(self, asked: Asked, symbol: str) -> Response:
        """Show as much of the book as one answer takes."""
        return self._book(asked, symbol, schemas.LEVELS_MAX)

    def top_of_book(self, asked: Asked, symbol: str) -> Response:
        """Show the best bid and ask."""
        return answer(_top(symbol, self._depth(asked, symbol, 1, indicates=False)))

    def candles(self, asked: Asked, symbol: str) -> Response:
        """Show what was traded, stretch by stretch."""
        if self._exchange.instrument(symbol) is None:
            raise unknown_symbol(symbol)
        self._freshness.of_database(asked.min_sequence)
        interval = asked.query.get("interval", schemas.INTERVAL_DEFAULT)
        limit = asked.query.get("limit", schemas.LIMIT_DEFAULT)
        candles = [
            self._renderer.candle(symbol, start_ns, candle)
            for start_ns, candle in self._queries.candles(symbol, INTERVALS[interval], limit)
        ]
        return answer({"symbol": symbol, "interval": interval, "candles": candles})

    def _book(self, asked: Asked, symbol: str, levels_default: int) -> Response:
        depth = self._depth(asked, symbol, asked.query.get("levels", levels_default))
        tick_size_e8 = depth.instrument.tick_size_e8
        content = {
            "symbol": symbol,
            "sequence": depth.sequence,
            "bids": rendering.levels(depth.bids, tick_size_e8),
            "asks": rendering.levels(depth.asks, tick_size_e8),
            "state": depth.state,
        }
        if depth.state is SessionState.PRE_OPEN:
            content |= rendering.indication(depth.indicated, tick_size_e8)
        return answer(content)

    def _depth(self, asked: Asked, symbol: str, levels: int, *, indicates: bool = True) -> Depth:
        if asked.min_sequence:
            self._freshness.of_book(asked.min_sequence)
        depth = self._exchange.depth(symbol, levels, indicates=indicates)
        if depth is None:
            raise unknown_symbol(symbol)
        return depth


def create_market_blueprint(
    entrance: Entrance,
    exchange: Exchange,
    freshness: Freshness,
    queries: Queries,
    clock: Clock,
    renderer: Renderer,
) -> Blueprint:
    """Serve books and statistics."""
    blueprint = Blueprint("market", __name__)
    market = Market(exchange, freshness, queries, clock, renderer)
    entrance.add(blueprint, "GET", "/market/<symbol>", market.market, MARKET)
    entrance.add(blueprint, "GET", "/market/<symbol>/depth", market.depth, DEPTH)
    entrance.add(blueprint, "GET", "/market/<symbol>/candles", market.candles, CANDLES)
    entrance.add(blueprint, "GET", "/orderbook/<symbol>", market.order_book, ORDER_BOOK)
    entrance.add(blueprint, "GET", "/bbo/<symbol>", market.top_of_book, TOP_OF_BOOK)
    return blueprint


def _top(symbol: str, depth: Depth) -> Content:
    best = rendering.top(depth.bids, depth.asks, depth.instrument.tick_size_e8)
    return {"symbol": symbol, "sequence": depth.sequence, **best}
