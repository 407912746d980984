"""Who calls, and what they may do.

Without ``API_KEY`` everybody may do everything. With it, every write needs it, and every read stays open: of the
market, and of the orders, trades, positions and limits of all users. ``Caller`` is what the rest of the API sees, so
that stored keys with users and scopes will change nothing but this module.
"""

import hmac
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from order_engine.api.plumbing.problems import Problem

Environ = Mapping[str, Any]  # Any: WSGI's


class Access(IntEnum):
    """What an operation asks of its caller, from nothing to everything."""

    READ = 0
    TRADE = 1
    ADMIN = 2


class Caller(NamedTuple):
    """``scope`` keeps callers' idempotency keys apart; ``access`` is the most that the caller may do.

    ``actor`` is what the journal calls a caller who may act for others; without a key nobody is known.
    """

    scope: str
    access: Access
    actor: str | None = None


ANYBODY = Caller(scope="open", access=Access.READ)
ANYBODY_WITHOUT_KEYS = Caller(scope="open", access=Access.ADMIN)
HOLDER_OF_API_KEY = Caller(scope="api_key", access=Access.ADMIN, actor="the holder of API_KEY")

BEARER = "bearer "


class KeyRing:
    """Tells callers apart by their key; ``api_key`` of None or nothing means that there are no keys."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key.encode() if api_key else None

    def admit(self, environ: Environ, access: Access) -> Caller:
        """Name the caller, or raise the problem that keeps them out."""
        if self._api_key is None:
            return ANYBODY_WITHOUT_KEYS
        if access is Access.READ:
            return ANYBODY
        offered = _offered_key(environ)
        if offered is None:
            raise _unauthorized("Send the key as X-API-Key, or as Authorization: Bearer.")
        if not hmac.compare_digest(offered, self._api_key):
            raise _unauthorized("The API key is wrong.")
        return HOLDER_OF_API_KEY

    def is_admin(self, environ: Environ) -> bool:
        """Say whether the caller may see what only an operator needs: paths, hosts, the texts of errors."""
        try:
            return self.admit(environ, Access.ADMIN).access is Access.ADMIN
        except Problem:
            return False


def _offered_key(environ: Environ) -> bytes | None:
    key = environ.get("HTTP_X_API_KEY")
    if key is None:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if authorization[: len(BEARER)].lower() != BEARER:
            return None
        key = authorization[len(BEARER) :].strip()
    # WSGI hands bytes on as latin-1 characters.
    return str(key).encode("latin-1", "replace")


def _unauthorized(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="order-engine"'})
