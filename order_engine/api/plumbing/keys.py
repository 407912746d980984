"""API keys: who calls, and what the caller may do.

Without ``API_KEY`` every request is allowed. With it, every write needs the key; every read stays open: market data,
and the orders, trades, positions and limits of all users. The rest of the API sees only ``Caller``, so stored keys with
users and scopes will change this module alone.
"""

import hmac
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from order_engine.api.plumbing.problems import Problem

Environ = Mapping[str, Any]  # Any: WSGI's


class Access(IntEnum):
    """The access that an operation requires, in rising order."""

    READ = 0
    TRADE = 1
    ADMIN = 2


class Caller(NamedTuple):
    """``scope`` separates the idempotency keys of callers; ``access`` is the highest access that the caller has.

    ``actor`` names in the journal a caller who may act for other users; None if the caller sent no key.
    """

    scope: str
    access: Access
    actor: str | None = None


ANYBODY = Caller(scope="open", access=Access.READ)
ANYBODY_WITHOUT_KEYS = Caller(scope="open", access=Access.ADMIN)
HOLDER_OF_API_KEY = Caller(scope="api_key", access=Access.ADMIN, actor="the holder of API_KEY")

BEARER = "bearer "


class KeyRing:
    """Identifies callers by their key. With an empty ``api_key`` or None there are no keys."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key.encode() if api_key else None

    def admit(self, environ: Environ, access: Access) -> Caller:
        """Return the caller, or raise the problem that refuses them."""
        if self._api_key is None:
            return ANYBODY_WITHOUT_KEYS
        if access is Access.READ:
            return ANYBODY
        offered = _offered_key(environ)
        if offered is None:
            raise _unauthorized("Send the API key in X-API-Key, or in Authorization: Bearer.")
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
    # WSGI decodes header bytes as latin-1.
    return str(key).encode("latin-1", "replace")


def _unauthorized(detail: str) -> Problem:
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="order-engine"'})
