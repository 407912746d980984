"""A yes/no market run to its end: a contract between 0.01 and 0.99 that is settled at 1 if it came true, at 0 if not.

Its price is what traders hold to be the probability. A buyer at 0.60 wins 0.40 or loses 0.60.

usage: python -m examples.yes_no_market [yes | no]
"""

import sys
from decimal import Decimal

from order_engine.client import Client
from order_engine.testing import exchange

SYMBOL = "RAIN-SUNDAY"


def list_contract(client: Client) -> None:
    """List the contract: nobody can bid for less than nothing, nor for certainty."""
    client.list_instrument(
        SYMBOL,
        name="Rain on Sunday?",
        quote="USD",
        tick_size="0.01",
        lot_size=1,
        min_price="0.01",
        max_price="0.99",
        self_trade_prevention="CANCEL_NEWEST",
    )


def trade(client: Client) -> None:
    """Ann thinks that it will rain, Bob that it will not, and Cy changes his mind."""
    client.place(user_id="bob", symbol=SYMBOL, side="SELL", quantity=100, price="0.60")
    client.place(user_id="ann", symbol=SYMBOL, side="BUY", quantity=60, price="0.60")
    client.place(user_id="cy", symbol=SYMBOL, side="BUY", quantity=20, price="0.60")
    client.place(user_id="ann", symbol=SYMBOL, side="BUY", quantity=20, price="0.45")
    client.place(user_id="cy", symbol=SYMBOL, side="SELL", quantity=20, price="0.45")


def profits(client: Client) -> dict[str, Decimal]:
    """Return what each has won; the sum is always 0."""
    return {name: next(client.positions(name)).realized_pnl for name in ("ann", "bob", "cy")}


def main(outcome: str = "yes") -> None:
    """Run the market on an exchange of its own, settle it, and print who won what."""
    with exchange() as ex, ex.client() as client:
        list_contract(client)
        trade(client)
        settled = client.settle(SYMBOL, 1 if outcome == "yes" else 0)
        print(f"{settled.name} {outcome}: settled at {settled.settlement_price}")
        for name, profit in profits(client).items():
            print(f"{name:<5}{profit:>8.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
