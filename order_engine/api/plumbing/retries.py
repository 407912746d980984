"""``Idempotency-Key``: the scope, key and fingerprint by which a repeated request is recognized.

The scope is the key's user, whatever key of theirs it is; of a caller who may act for others, the caller and the user
that the command names, so that users who share an API key cannot collide.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from order_engine.api.plumbing.callers import Caller
from order_engine.api.plumbing.problems import invalid
from order_engine.journal.record import Retry
from order_engine.matching.commands import PlaceOrder
from order_engine.wire.form import Fields, FormError

HEADER = "Idempotency-Key"
BODY_FIELD = "idempotency_key"
PREFIX = "/api/v1"

_KEY = re.compile(r"[ -~]{1,255}", re.ASCII)


def read_retry(
    key: object, caller: Caller, method: str, path: str, parameters: Mapping[str, Any], query: Fields, fields: Fields
) -> Retry:
    """Return the key with its scope and the fingerprint of the parsed request.

    The fingerprint is of the parsed values: two requests that differ only in spelling are the same request.
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise invalid({HEADER: ["Must be 1 to 255 printable ASCII characters."]})
    meaning = [method, path.removeprefix(PREFIX), query, fields]
    digest = hashlib.sha256(msgspec.json.encode(meaning, enc_hook=_errors_of, order="deterministic"))
    scope = f"{caller.scope}/{_user_named(parameters, query, fields)}" if caller.is_admin else caller.scope
    return Retry(scope=scope, key=key, fingerprint=digest.hexdigest())


def _user_named(parameters: Mapping[str, Any], query: Fields, fields: Fields) -> str:
    """Return the user that a command names; empty if it names none, or names several in a batch."""
    named = {source["user_id"] for source in (parameters, query, fields) if "user_id" in source}
    named |= {entry.user_id for entry in fields.get("orders", ()) if isinstance(entry, PlaceOrder)}
    user_id = named.pop() if len(named) == 1 else None
    return user_id or ""


def _errors_of(error: object) -> object:
    assert isinstance(error, FormError)
    return error.errors
