"""A client of the exchange: ``Client`` blocks, ``AsyncClient`` is for asyncio. It imports no part of the server."""

from order_engine.client.asynchronous import AsyncClient
from order_engine.client.blocking import Client
from order_engine.client.book import Book
from order_engine.client.errors import (
    Busy,
    ExchangeError,
    Invalid,
    NoResponse,
    NotAllowed,
    NotFound,
    NotUnderstood,
    OrderEnded,
    Problem,
    Refused,
    Unavailable,
)
from order_engine.client.subscriptions import CaughtUp, Gap, OwnOrder, OwnTrade

__all__ = [
    "AsyncClient",
    "Book",
    "Busy",
    "CaughtUp",
    "Client",
    "ExchangeError",
    "Gap",
    "Invalid",
    "NoResponse",
    "NotAllowed",
    "NotFound",
    "NotUnderstood",
    "OrderEnded",
    "OwnOrder",
    "OwnTrade",
    "Problem",
    "Refused",
    "Unavailable",
]
