"""Holdings after a stress run are computed apart from the exchange's own code, with the same result."""

from decimal import Decimal
from random import Random

from order_engine.market_data.positions import Position
from stress.holdings import Holding, holdings_from_trades

E8 = 10**8


def test_holding_agrees_with_the_position_that_the_exchange_keeps() -> None:
    chance, holding, position = Random(1), Holding(), Position()

    for _ in range(2_000):
        bought_e8, price_e8 = chance.randint(-(10**10), 10**10) or 1, chance.randint(1, 10**11)
        position.trade(bought_e8, price_e8)
        holding.trade(Decimal(bought_e8) / E8, Decimal(price_e8) / E8)

    assert holding.net * E8 == position.net_e8
    assert abs(holding.cost * E8 * E8 - position.cost_e16) < 2_000
    assert abs(holding.realized * E8 * E8 - position.realized_e16) < 2_000


def test_trades_are_taken_in_the_order_of_their_numbers_and_not_of_their_spelling() -> None:
    terms = {"buy_order_id": "b", "sell_order_id": "s"}
    trades = [
        {"trade_id": "10-1", "price": "3", "quantity": "1", **terms},
        {"trade_id": "9-10", "price": "2", "quantity": "1", "buy_order_id": "s", "sell_order_id": "b"},
        {"trade_id": "9-2", "price": "1", "quantity": "1", **terms},
    ]

    holdings = holdings_from_trades(trades, {"b": "bob", "s": None})

    assert holdings == {"bob": Holding(Decimal(1), Decimal(3), Decimal(1))}


def test_trade_of_users_with_themselves_moves_nothing() -> None:
    trade = {"trade_id": "1-1", "price": "1", "quantity": "1", "buy_order_id": "b", "sell_order_id": "s"}

    assert holdings_from_trades([trade], {"b": "bob", "s": "bob"}) == {}
