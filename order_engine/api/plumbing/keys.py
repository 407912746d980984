"""API keys: tells by its key who calls.

With neither ``API_KEY`` nor stored keys everybody may do everything. With any, market data stays public, and everything
else needs a key. A key is looked up by its SHA-256, so how long that takes tells nothing about any key.
"""

from collections.abc import MutableMapping
from hashlib import sha256
from typing import Any

from order_engine.api.plumbing.callers import ANYBODY, ANYBODY_WITHOUT_KEYS, HOLDER_OF_API_KEY, Access, Caller
from order_engine.api.plumbing.problems import Problem
from order_engine.security.attempts import ACCEPTED, NO_KEY, WRONG_KEY, WRONG_SCOPE, WRONG_SIGNATURE, Attempts
from order_engine.security.signatures import SignatureCheck, SignatureRefused
from order_engine.security.stored_keys import Scope, StoredKey, StoredKeys

Environ = MutableMapping[str, Any]  # Any: WSGI's

CALLER = "order_engine.caller"
BEARER = "bearer "
WHERE = "X-API-Key, or in Authorization: Bearer"
ACCESS_OF_SCOPE = {Scope.READ: Access.READ, Scope.TRADE: Access.TRADE, Scope.ADMIN: Access.ADMIN}


class KeyRing:
    """Identifies callers by their key. With an empty ``api_key`` or None there are no keys until some are stored."""

    def __init__(self, api_key: str | None, attempts: Attempts, signatures: SignatureCheck) -> None:
        self._note = attempts.note
        self._signatures = signatures
        self._unstored = {sha256(api_key.encode()).digest(): HOLDER_OF_API_KEY} if api_key else {}
        self._stored: dict[tuple[StoredKey, str | None], Caller] = {}
        self._callers: dict[bytes, Caller] = self._unstored
        self._secrets: dict[str | None, str] = {}
        self.has_keys = bool(self._unstored)
        self.changes = 0

    def take(self, keys: StoredKeys) -> None:
        """Know these stored keys from now on, and no others; called in any thread."""
        live = [(key, keys.signing_secrets.get(key.id)) for key in keys.keys if key.revoked is None]
        # A key that has not changed keeps its caller, so that ``is_current`` can tell.
        self._stored = {each: self._stored.get(each) or _caller_of(*each) for each in live}
        self._secrets = {key.id: secret for key, secret in live if secret is not None}
        self._callers = {
            bytes.fromhex(key.digest): caller for (key, _), caller in self._stored.items()
        } | self._unstored
        self.has_keys = True
        self.changes += 1

    def admit(self, environ: Environ, access: Access) -> Caller:
        """Return the caller, or raise the problem that refuses them. One that ``signs`` is not let in yet."""
        if not self.has_keys:
            return ANYBODY_WITHOUT_KEYS
        offered = _offered_key(environ)
        if offered is None:
            if access is Access.PUBLIC:
                return ANYBODY
            raise self._refuse(NO_KEY, environ, unauthorized(f"Send an API key in {WHERE}."))
        caller = self._callers.get(sha256(offered).digest())
        if caller is None:
            raise self._refuse(WRONG_KEY, environ, unauthorized("The API key is wrong, or was revoked."))
        if access > caller.access:
            problem = Problem("forbidden", f"This needs a key of scope {access.name.lower()}.")
            raise self._refuse(WRONG_SCOPE, environ, problem, caller)
        if not caller.signs:
            self._let_in(caller, environ)
        return caller

    def require_signature(self, caller: Caller, environ: Environ, method: str, target: str, body: bytes) -> None:
        """Let a caller in whose key signs, if the request is signed; raises ``Problem``."""
        secret = self._secrets.get(caller.key_id)
        timestamp, signature = environ.get("HTTP_X_TIMESTAMP"), environ.get("HTTP_X_SIGNATURE")
        try:
            if secret is None:
                raise SignatureRefused("The key has just been revoked.")
            self._signatures.require(secret, timestamp, signature, method, target, body)
        except SignatureRefused as refused:
            raise self._refuse(WRONG_SIGNATURE, environ, unauthorized(str(refused)), caller) from None
        self._let_in(caller, environ)

    def is_admin(self, environ: Environ) -> bool:
        """Say whether the caller may see what only an operator needs: paths, hosts, the texts of errors."""
        return not self.has_keys or environ.get(CALLER, ANYBODY).is_admin

    def is_current(self, caller: Caller) -> bool:
        """Say whether a caller who was admitted before still is who they were: no key was revoked or changed."""
        if caller is ANYBODY_WITHOUT_KEYS:
            return not self.has_keys
        return any(known is caller for known in self._callers.values())

    def _let_in(self, caller: Caller, environ: Environ) -> None:
        self._note(ACCEPTED, caller.key_id, environ.get("REMOTE_ADDR", ""))
        environ[CALLER] = caller

    def _refuse(self, reason: str, environ: Environ, problem: Problem, caller: Caller = ANYBODY) -> Problem:
        self._note(reason, caller.key_id, environ.get("REMOTE_ADDR", ""))
        return problem


def unauthorized(detail: str) -> Problem:
    """Return the problem of a caller whom nobody knows."""
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": 'Bearer realm="order-engine"'})


def _caller_of(key: StoredKey, secret: str | None) -> Caller:
    access, signs = max(ACCESS_OF_SCOPE[scope] for scope in key.scopes), secret is not None
    if access is Access.ADMIN:
        return Caller(f"key:{key.id}", access, f"the holder of the key {key.id}", key.user, key.id, signs)
    return Caller(f"user:{key.user}", access, None, key.user, key.id, signs)


def _offered_key(environ: Environ) -> bytes | None:
    key = environ.get("HTTP_X_API_KEY")
    if key is None:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if authorization[: len(BEARER)].lower() != BEARER:
            return None
        key = authorization[len(BEARER) :].strip()
    # WSGI decodes header bytes as latin-1.
    return str(key).encode("latin-1", "replace")
