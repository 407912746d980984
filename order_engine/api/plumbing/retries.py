"""``Idempotency-Key``: what makes a repeated request recognizable as the same one.

Keys are apart by caller and by the user whom the command names, so that users behind one API key do not meet.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from order_engine.api.plumbing.problems import invalid
from order_engine.journal.record import Retry
from order_engine.matching.commands import PlaceOrder
from order_engine.wire.form import Fields, FormError

HEADER = "Idempotency-Key"
BODY_FIELD = "idempotency_key"
PREFIX = "/api/v1"

_KEY = re.compile(r"[ -~]{1,255}", re.ASCII)


def read_retry(
    key: object, caller_scope: str, method: str, path: str, parameters: Mapping[str, Any], query: Fields, fields: Fields
) -> Retry:
    """Make a caller's idempotency key and a digest of what the request means into a ``Retry``.

    Requests that mean the same, however they are written, are the same.
    """
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise invalid({HEADER: ["Must be 1 to 255 printable ASCII characters."]})
    meaning = [method, path.removeprefix(PREFIX), query, fields]
    digest = hashlib.sha256(msgspec.json.encode(meaning, enc_hook=_errors_of, order="deterministic"))
    scope = f"{caller_scope}/{_user_named(parameters, query, fields)}"
    return Retry(scope=scope, key=key, fingerprint=digest.hexdigest())


def _user_named(parameters: Mapping[str, Any], query: Fields, fields: Fields) -> str:
    """Return the one user whom a command names; nobody if it names none, or is a batch of several."""
    named = {source["user_id"] for source in (parameters, query, fields) if "user_id" in source}
    named |= {entry.user_id for entry in fields.get("orders", ()) if isinstance(entry, PlaceOrder)}
    user_id = named.pop() if len(named) == 1 else None
    return user_id or ""


def _errors_of(error: object) -> object:
    assert isinstance(error, FormError)
    return error.errors
