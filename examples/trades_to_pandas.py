"""Trades as a pandas table, and a plot of price and volume.

usage: python -m examples.trades_to_pandas URL SYMBOL PICTURE.png
"""

import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from order_engine.client import Client


def trades_table(client: Client, symbol: str) -> pd.DataFrame:
    """Return all trades of an instrument, oldest first. Amounts stay exact: the columns hold ``Decimal``."""
    rows = [
        (trade.executed_at, trade.price, trade.quantity, trade.taker_side) for trade in client.trades(symbol=symbol)
    ]
    table = pd.DataFrame(rows[::-1], columns=["time", "price", "quantity", "taker_side"])
    return table.set_index("time")


def plot(trades: pd.DataFrame, title: str, picture: Path) -> None:
    """Draw each trade's price, and below it the quantity. A picture needs no more than floats."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    prices, volumes = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    prices.step(trades.index, trades["price"].astype(float), where="post")
    prices.set_title(title)
    prices.set_ylabel("price")
    volumes.vlines(trades.index, 0, trades["quantity"].astype(float))
    volumes.set_ylabel("quantity")
    figure.savefig(picture)


def main(url: str, symbol: str, picture: str) -> None:
    """Read, summarize and plot."""
    with Client(url) as client:
        trades = trades_table(client, symbol)
    print(trades.astype({"price": float, "quantity": float}).describe())
    plot(trades, symbol, Path(picture))


if __name__ == "__main__":
    main(*sys.argv[1:])
