"""A client of the exchange: ``Client`` blocks, ``AsyncClient`` is for asyncio. It imports no part of the server."""

from order_engine.client.asynchronous import AsyncClient
from order_engine.client.blocking import Client
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

__all__ = [
    "AsyncClient",
    "Busy",
    "Client",
    "ExchangeError",
    "Invalid",
    "NoResponse",
    "NotAllowed",
    "NotFound",
    "NotUnderstood",
    "OrderEnded",
    "Problem",
    "Refused",
    "Unavailable",
]
