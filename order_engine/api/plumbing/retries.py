"""``Idempotency-Key``: what makes a repeated request recognisable as the same one."""

import hashlib
import re
from collections.abc import Mapping

import msgspec

from order_engine.api.plumbing.problems import invalid
from order_engine.journal.record import Retry
from order_engine.wire.exact_json import Json

HEADER = "Idempotency-Key"
PREFIX = "/api/v1"

_KEY = re.compile(r"[ -~]{1,255}", re.ASCII)


def read_retry(
    key: str | None, *, scope: str, method: str, path: str, query: Mapping[str, str], body: Json
) -> Retry | None:
    """Make a caller's idempotency key and a digest of what they ask into a ``Retry``; without a key there is none.

    Bodies that say the same in another order of fields or with other spacing are the same.
    """
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise invalid({HEADER: ["Must be 1 to 255 printable ASCII characters."]})
    asked = [method, path.removeprefix(PREFIX), sorted(query.items()), body]
    digest = hashlib.sha256(msgspec.json.encode(asked, order="deterministic"))
    return Retry(scope=scope, key=key, fingerprint=digest.hexdigest())
