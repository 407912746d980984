"""Stored keys: whose they are and what they allow. Of a key itself only the SHA-256 is kept.

A key is 256 random bits, so its digest needs no salt: nobody can try them all.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

FORMAT = 1
KEY_PREFIX, SECRET_PREFIX = "oe_", "oes_"
RANDOM_BYTES = 32
NOBODYS = "admin"


class KeyUnusable(ValueError):
    """A key cannot be made, found or changed as was asked; the message says why."""


class Scope(StrEnum):
    """What a key allows: to read what belongs to its user, to trade for its user, or everything."""

    READ = "read"
    TRADE = "trade"
    ADMIN = "admin"


class StoredKey(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A key without its secret. ``rotated`` and ``revoked`` are when that last happened; times are RFC 3339."""

    id: str
    user: str | None
    scopes: tuple[Scope, ...]
    digest: str
    created: str
    rotated: str | None = None
    revoked: str | None = None


class StoredKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All stored keys, and the secrets with which some of them sign: those must be known to check a signature."""

    format: int = FORMAT
    keys: tuple[StoredKey, ...] = ()
    signing_secrets: dict[str, str] = {}

    def find(self, key_id: str) -> StoredKey:
        """Return the key with an id; raises ``KeyUnusable``."""
        for key in self.keys:
            if key.id == key_id:
                return key
        raise KeyUnusable(f"There is no key {key_id!r}; keys list shows all.")

    def has_live_key(self, user: str) -> bool:
        """Whether a user has a key that is not revoked."""
        return any(key.user == user and key.revoked is None for key in self.keys)


class Issued(NamedTuple):
    """A key as its holder gets it, once: nobody can show the secrets again."""

    stored: StoredKey
    key: str
    signing_secret: str | None


class Change(NamedTuple):
    """All keys after a change, and what was issued."""

    keys: StoredKeys
    issued: Issued


def digest_of(key: bytes) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(key).hexdigest()


def create(keys: StoredKeys, user: str | None, scopes: Collection[Scope], at: str, *, signs: bool = False) -> Change:
    """Add a key; with ``signs`` every request with it must be signed. Raises ``KeyUnusable``."""
    if not scopes:
        raise KeyUnusable("A key needs a scope.")
    if user is None and Scope.ADMIN not in scopes:
        raise KeyUnusable("A key without the scope admin needs a user.")
    key = KEY_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    stored = StoredKey(
        id=_new_id(user or NOBODYS, {each.id for each in keys.keys}),
        user=user,
        scopes=tuple(scope for scope in Scope if scope in scopes),
        digest=digest_of(key.encode()),
        created=at,
    )
    secret = SECRET_PREFIX + secrets.token_urlsafe(RANDOM_BYTES) if signs else None
    signing = keys.signing_secrets if secret is None else {**keys.signing_secrets, stored.id: secret}
    return Change(replace(keys, keys=(*keys.keys, stored), signing_secrets=signing), Issued(stored, key, secret))


def rotate(keys: StoredKeys, key_id: str, at: str) -> Change:
    """Give a key new secrets under its old id; the old ones no longer count. Raises ``KeyUnusable``."""
    old = keys.find(key_id)
    if old.revoked is not None:
        raise KeyUnusable(f"The key {key_id!r} is revoked: create a new one.")
    key = KEY_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    stored = replace(old, digest=digest_of(key.encode()), rotated=at)
    signing, secret = keys.signing_secrets, None
    if key_id in signing:
        secret = SECRET_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
        signing = {**signing, key_id: secret}
    return Change(_with(keys, stored, signing), Issued(stored, key, secret))


def revoke(keys: StoredKeys, key_id: str, at: str) -> StoredKeys:
    """End a key for good; raises ``KeyUnusable``."""
    old = keys.find(key_id)
    if old.revoked is not None:
        raise KeyUnusable(f"The key {key_id!r} was revoked at {old.revoked}.")
    signing = {each: secret for each, secret in keys.signing_secrets.items() if each != key_id}
    return _with(keys, replace(old, revoked=at), signing)


def _with(keys: StoredKeys, changed: StoredKey, signing: dict[str, str]) -> StoredKeys:
    listed = tuple(changed if key.id == changed.id else key for key in keys.keys)
    return replace(keys, keys=listed, signing_secrets=signing)


def _new_id(owner: str, taken: Iterable[str]) -> str:
    """Name a key after its owner, with a number that no key of any owner has under that name."""
    number = 1
    while f"{owner}-{number}" in taken:
        number += 1
    return f"{owner}-{number}"
