"""Market data: top of book, depth, candles, and statistics of the last 24 hours."""

from flask import Blueprint
from msgspec.structs import replace

from order_engine.api.plumbing import forms
from order_engine.api.plumbing.callers import Access
from order_engine.api.plumbing.database_reads import DatabaseReads
from order_engine.api.plumbing.operation import Operation
from order_engine.api.plumbing.problems import unknown_symbol
from order_engine.api.plumbing.responses import JsonResponse, json_response
from order_engine.api.plumbing.routes import ParsedRequest, Routes
from order_engine.api.plumbing.stored_rendering import StoredRenderer
from order_engine.exchange.clock import Clock
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.views import Depth
from order_engine.market_data.candles import INTERVALS
from order_engine.matching.commands import SessionState
from order_engine.queries.queries import Queries
from order_engine.wire import rendering
from order_engine.wire.messages import market as messages
from order_engine.wire.messages.market import TopOfBook
from order_engine.wire.units import format_price, format_quantity

MARKET = Operation(
    summary="Show an instrument's market data",
    description="Best bid and ask, the last price, and statistics of the last 24 hours in whole minutes.",
    access=Access.PUBLIC,
    responses={200: messages.Market},
    problems=(404,),
)
MARKETS = Operation(
    summary="List the market data of all instruments, by symbol",
    access=Access.PUBLIC,
    query=forms.MARKETS,
    responses={200: messages.Markets},
)
DEPTH = Operation(
    summary="Show the best levels of a book",
    access=Access.PUBLIC,
    query=forms.DEPTH,
    responses={200: messages.Depth},
    problems=(404,),
)
ORDER_BOOK = DEPTH._replace(summary="Show the book, up to 1,000 levels a side", query=forms.ORDER_BOOK)
CANDLES = Operation(
    summary="Show an instrument's candles, oldest first",
    description="The newest `limit` candles; `next_cursor` leads to older ones. With `since` the first `limit` candles "
    "that begin then or later, and `next_cursor` leads to newer ones. `until`: only those that begin before. "
    "An interval without trades has no candle. Days begin at midnight UTC.",
    access=Access.PUBLIC,
    query=forms.CANDLES,
    waits_for_database=True,
    responses={200: messages.Candles},
    problems=(404,),
)
TOP_OF_BOOK = Operation(
    summary="Show the best bid and ask",
    access=Access.PUBLIC,
    responses={200: messages.TopOfBook},
    problems=(404,),
)


class Market:
    """Shows books, statistics and candles."""

    def __init__(
        self,
        exchange: Exchange,
        database: DatabaseReads,
        queries: Queries,
        clock: Clock,
        renderer: StoredRenderer,
    ) -> None:
        self._exchange = exchange
        self._database = database
        self._queries = queries
        self._clock = clock
        self._renderer = renderer

    def get_market(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Show the top of the book, the last price and the last 24 hours."""
        depth = self._depth(symbol, 1, indicates=False)

        def read() -> JsonResponse:
            return json_response(self._with_statistics(symbol, depth))

        return self._database.when_shown(parsed.min_sequence, read)

    def list_markets(self, parsed: ParsedRequest) -> JsonResponse:
        """List the market data of all instruments, a page at a time."""
        limit = parsed.query.get("limit", forms.MARKETS_MAX)
        after = parsed.query.get("cursor", "")
        later = [listed.instrument.symbol for listed in self._exchange.instruments(after, limit + 1)]
        page = later[:limit]
        depths = [self._depth(symbol, 1, indicates=False) for symbol in page]

        def read() -> JsonResponse:
            shown = [self._with_statistics(symbol, depth) for symbol, depth in zip(page, depths, strict=True)]
            return json_response(messages.Markets(shown, page[-1] if len(later) > limit else None))

        return self._database.when_shown(parsed.min_sequence, read)

    def get_depth(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Show the best levels."""
        return self._book(parsed, symbol, forms.LEVELS_DEFAULT)

    def get_order_book(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Show the book, as many levels as a response may have."""
        return self._book(parsed, symbol, forms.LEVELS_MAX)

    def get_top_of_book(self, _: ParsedRequest, symbol: str) -> JsonResponse:
        """Show the best bid and ask."""
        return json_response(_top(symbol, self._depth(symbol, 1, indicates=False)))

    def list_candles(self, parsed: ParsedRequest, symbol: str) -> JsonResponse:
        """Show candles."""
        if self._exchange.instrument(symbol) is None:
            raise unknown_symbol(symbol)
        interval = parsed.query.get("interval", forms.INTERVAL_DEFAULT)
        filters = forms.filters_of(parsed.query)
        filters.pop("interval", None)
        page = self._queries.candles(symbol, INTERVALS[interval], **filters)
        candles = [self._renderer.candle(symbol, start_ns, candle) for start_ns, candle in page.candles]
        return json_response(messages.Candles(symbol, interval, candles, page.next_cursor))

    def _book(self, parsed: ParsedRequest, symbol: str, levels_default: int) -> JsonResponse:
        depth = self._depth(symbol, parsed.query.get("levels", levels_default))
        tick_size_e8 = depth.instrument.tick_size_e8
        shown = messages.Depth(
            symbol=symbol,
            sequence=depth.sequence,
            bids=rendering.levels(depth.bids, tick_size_e8),
            asks=rendering.levels(depth.asks, tick_size_e8),
            state=depth.state,
        )
        return json_response(_with_auction(shown, depth) if depth.state is SessionState.PRE_OPEN else shown)

    def _depth(self, symbol: str, levels: int, *, indicates: bool = True) -> Depth:
        depth = self._exchange.depth(symbol, levels, indicates=indicates)
        if depth is None:
            raise unknown_symbol(symbol)
        return depth

    def _with_statistics(self, symbol: str, depth: Depth) -> messages.Market:
        tick_size_e8, last_price_e8 = depth.instrument.tick_size_e8, depth.last_trade_price_e8
        day = self._queries.statistics(symbol, self._clock.now_ns())

        def price(price_e8: int | None) -> str | None:
            return None if price_e8 is None else format_price(price_e8, tick_size_e8)

        top = _top(symbol, depth)
        return messages.Market(
            top.symbol,
            top.sequence,
            top.best_bid,
            top.best_bid_quantity,
            top.best_ask,
            top.best_ask_quantity,
            depth.state,
            price(last_price_e8),
            format_quantity(day.volume_e8),
            price(day.vwap_e8),
            price(day.open_e8),
            price(day.high_e8),
            price(day.low_e8),
            price(day.change_e8),
            rendering.quantity_or_null(day.change_percent_e8),
            day.trades,
        )


def create_market_blueprint(routes: Routes, market: Market) -> Blueprint:
    """Serve market data."""
    blueprint = Blueprint("market", __name__)
    routes.add(blueprint, "GET", "/market", market.list_markets, MARKETS)
    routes.add(blueprint, "GET", "/market/<symbol>", market.get_market, MARKET)
    routes.add(blueprint, "GET", "/market/<symbol>/depth", market.get_depth, DEPTH)
    routes.add(blueprint, "GET", "/market/<symbol>/candles", market.list_candles, CANDLES)
    routes.add(blueprint, "GET", "/orderbook/<symbol>", market.get_order_book, ORDER_BOOK)
    routes.add(blueprint, "GET", "/bbo/<symbol>", market.get_top_of_book, TOP_OF_BOOK)
    routes.add(blueprint, "GET", "/market/<symbol>/bbo", market.get_top_of_book, TOP_OF_BOOK, name="get_bbo")
    return blueprint


def _top(symbol: str, depth: Depth) -> TopOfBook:
    return rendering.top_of_book(symbol, depth.sequence, depth.bids, depth.asks, depth.instrument.tick_size_e8)


def _with_auction(shown: messages.Depth, depth: Depth) -> messages.Depth:
    indicated = depth.indicated
    if indicated is None:
        return replace(shown, indicative_price=None, indicative_quantity=None, indicative_imbalance=None)
    return replace(
        shown,
        indicative_price=format_price(indicated.price_e8, depth.instrument.tick_size_e8),
        indicative_quantity=format_quantity(indicated.quantity_e8),
        indicative_imbalance=format_quantity(indicated.imbalance_e8),
    )
