"""Prints a book as it changes.

usage: python -m examples.depth_printer URL SYMBOL
"""

import sys
from collections.abc import Iterator
from itertools import zip_longest

from order_engine.client import Book, Client
from order_engine.client.messages import Level

WIDTH = 12


def rows(book: Book) -> Iterator[str]:
    """Yield the lines of a book, best first: bids on the left, asks on the right."""
    yield f"{book.symbol} {book.state or ''} at {book.sequence}"
    for bid, ask in zip_longest(book.bids, book.asks):
        left = _columns(bid)[::-1]
        yield "".join(f"{text:>{WIDTH}}" for text in (*left, *_columns(ask)))


def _columns(level: Level | None) -> tuple[str, str]:
    return ("", "") if level is None else (f"{level.price:f}", f"{level.quantity:f}")


def main(url: str, symbol: str) -> None:
    """Print until interrupted."""
    with Client(url) as client:
        for book in client.watch_book(symbol, levels=5):
            print(*rows(book), sep="\n", end="\n\n", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
