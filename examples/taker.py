"""A taker on asyncio: watches a book, and buys what is offered for less than it is worth.

usage: python -m examples.taker URL SYMBOL WORTH QUANTITY
"""

import asyncio
import sys
from contextlib import aclosing
from decimal import Decimal

from order_engine.client import AsyncClient


async def buy_bargains(client: AsyncClient, user_id: str, symbol: str, worth: Decimal, quantity: Decimal) -> Decimal:
    """Buy until so much is bought; return what was paid."""
    paid = Decimal(0)
    async with aclosing(client.watch_book(symbol)) as books:
        async for book in books:
            if book.best_ask is None or book.best_ask >= worth:
                continue
            # Somebody quicker may have taken the offer: IOC takes what is left, and nothing rests.
            order = await client.place(
                user_id=user_id,
                symbol=symbol,
                side="BUY",
                quantity=min(quantity, book.asks[0].quantity),
                price=book.best_ask,
                time_in_force="IOC",
            )
            paid += sum(trade.price * trade.quantity for trade in order.trades or [])
            quantity -= order.filled_quantity
            if not quantity:
                break
    return paid


async def main(url: str, symbol: str, worth: str, quantity: str) -> None:
    """Buy bargains, and tell what they cost."""
    async with AsyncClient(url) as client:
        paid = await buy_bargains(client, "taker", symbol, Decimal(worth), Decimal(quantity))
    print(f"bought {quantity} for {paid}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
