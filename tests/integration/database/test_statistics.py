"""Statistics over 24 hours are exact for all amounts."""

from collections.abc import Callable

from order_engine.exchange.applied import Applied
from order_engine.journal.record import Record
from order_engine.market_data.candles import MINUTE_NS
from order_engine.matching.commands import PlaceOrder, Side
from order_engine.matching.events import Event, InstrumentListed, OrderAccepted, OrderState, OrderStatus, TradeExecuted
from order_engine.matching.instrument import Instrument
from order_engine.queries.queries import Queries
from order_engine.queries.results import Statistics
from tests.integration.database.market import E8, START_NS, Market, buy, sell

Project = Callable[[Market], None]
HUGE_E8 = 10**18


def test_statistics_of_a_symbol_that_never_traded_are_empty(queries: Queries) -> None:
    assert queries.statistics("AAPL", START_NS) == Statistics(0, 0, None, None, None, None, None, 0)


def test_statistics_sum_up_trades_across_batches_and_minutes(queries: Queries, project: Project) -> None:
    market = Market()
    for price, quantity in ((100, 3), (90, 2), (110, 1), (105, 4)):
        market.apply_each([sell(price=price, quantity=quantity), buy(price=price, quantity=quantity)])
        project(market)
        market.now_ns += MINUTE_NS // 2
    market.apply_each([sell(price=7, symbol="MSFT"), buy(price=7, symbol="MSFT")])
    project(market)

    found = queries.statistics("AAPL", market.now_ns)

    notional_e16 = (300 + 180 + 110 + 420) * E8 * E8
    prices = (101 * E8, 110 * E8, 90 * E8, 100 * E8, 105 * E8)
    assert found == Statistics(10 * E8, notional_e16, *prices, 4)


def test_statistics_forget_what_is_older_than_a_day(queries: Queries, project: Project) -> None:
    market = Market()
    market.apply_each([sell(price=50), buy(price=50)])
    first_ns = market.now_ns
    market.now_ns += 60 * MINUTE_NS
    market.apply_each([sell(price=60), buy(price=60)])
    project(market)

    at_23_hours_59 = queries.statistics("AAPL", first_ns + (24 * 60 - 1) * MINUTE_NS)
    at_24_hours = queries.statistics("AAPL", first_ns + 24 * 60 * MINUTE_NS)

    assert (at_23_hours_59.trades, at_23_hours_59.open_e8) == (2, 50 * E8)
    assert (at_24_hours.trades, at_24_hours.open_e8) == (1, 60 * E8)


def test_statistics_count_each_trade_of_a_day_once(queries: Queries, project: Project) -> None:
    market = Market()
    times = []
    for number in range(60):
        market.apply_each([sell(price=50 + number), buy(price=50 + number)])
        times.append(market.now_ns)
        market.now_ns += 37 * MINUTE_NS
    project(market)

    for now_ns in (*times[-5:], times[-1] + 11 * MINUTE_NS):
        first_ns = now_ns - now_ns % MINUTE_NS - 1_439 * MINUTE_NS
        expected = [number for number, time_ns in enumerate(times) if first_ns <= time_ns]
        found = queries.statistics("AAPL", now_ns)
        assert (found.trades, found.open_e8) == (len(expected), (50 + expected[0]) * E8)


def test_statistics_are_exact_far_beyond_64_bits(queries: Queries, project: Project) -> None:
    market = _market_of_huge_trades(prices_e8=[HUGE_E8, HUGE_E8 - 1, HUGE_E8 - 2] * 10)

    project(market)

    found = queries.statistics("AAPL", market.now_ns)
    assert found.volume_e8 == 30 * HUGE_E8 > 2**64
    assert found.notional_e16 == 30 * HUGE_E8 * (HUGE_E8 - 1)
    assert found.vwap_e8 == HUGE_E8 - 1


def test_average_price_is_rounded_half_to_even(queries: Queries, project: Project) -> None:
    even = _market_of_huge_trades(prices_e8=[HUGE_E8, HUGE_E8 - 1])

    project(even)

    assert queries.statistics("AAPL", even.now_ns).vwap_e8 == HUGE_E8


def test_filled_notional_beyond_64_bits_reads_back_exactly(queries: Queries, project: Project) -> None:
    project(_market_of_huge_trades(prices_e8=[HUGE_E8 - 1]))

    found = queries.order("1")

    assert found is not None
    assert found.order.filled_notional_e16 == HUGE_E8 * (HUGE_E8 - 1)


def _market_of_huge_trades(prices_e8: list[int]) -> Market:
    """Trades of the largest possible amounts, written by hand."""
    market = Market()
    for at, price_e8 in enumerate(prices_e8):
        sequence = 2 * at + 1
        sold, bought = (
            _filled(side, price_e8, sequence + offset, market.now_ns)
            for offset, side in enumerate((Side.SELL, Side.BUY))
        )
        listed = InstrumentListed(Instrument(symbol="AAPL", tick_size_e8=1, lot_size_e8=1))
        trade = TradeExecuted(f"{sequence + 1}-1", "AAPL", price_e8, HUGE_E8, Side.BUY, bought, sold)
        events: list[list[Event]] = [[listed, OrderAccepted(sold)], [OrderAccepted(bought), trade]]
        commands = (sold.placed, bought.placed)
        market.journal.append(Applied(Record(sequence=sequence, timestamp_ns=market.now_ns, commands=commands), events))
    market.engine.sequence = 2 * len(prices_e8)
    return market


def _filled(side: Side, price_e8: int, sequence: int, now_ns: int) -> OrderState:
    placed = PlaceOrder(symbol="AAPL", side=side, quantity_e8=HUGE_E8, price_e8=price_e8)
    amounts = (price_e8, HUGE_E8, HUGE_E8, 0, price_e8 * HUGE_E8)
    return OrderState(str(sequence), placed, sequence, now_ns, *amounts, OrderStatus.FILLED, None)
