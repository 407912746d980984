"""Signatures of requests: HMAC-SHA256 over time, method, target and body, each good once and for a few seconds.

Who reads a signed request, on a proxy or in a log, can send neither it again nor another one.
"""

import hashlib
import hmac
from collections.abc import Callable
from threading import Lock

WINDOW_US = 5_000_000
# From the first moment at which a signature counts to the first at which it no longer does.
KEPT_US = 2 * WINDOW_US + 1
TIMESTAMP_DIGITS_MAX = 17


class SignatureRefused(Exception):
    """A request is not signed as it must be; the message says why, and nothing of what was sent."""


def signature_of(secret: str, timestamp: str, method: str, target: str, body: bytes) -> str:
    """Return the signature of a request in hexadecimal."""
    text = "\n".join((timestamp, method, target, hashlib.sha256(body).hexdigest()))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class SignatureCheck:
    """Checks signatures, and remembers those that were used for as long as they would count.

    What was signed before the check began is refused: it may have been used before the last stop.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._lock = Lock()
        self._used: set[str] = set()
        self._used_before: set[str] = set()
        self._oldest_us = now_ns() // 1_000
        self._turn_us = self._oldest_us + KEPT_US

    def require(
        self, secret: str, timestamp: str | None, signature: str | None, method: str, target: str, body: bytes
    ) -> None:
        """Take a signature; raises ``SignatureRefused``."""
        if timestamp is None or signature is None:
            raise SignatureRefused("This key signs: send X-Timestamp and X-Signature.")
        now_us = self._now_ns() // 1_000
        self._require_time(timestamp, now_us)
        expected = signature_of(secret, timestamp, method, target, body)
        if not (signature.isascii() and hmac.compare_digest(signature.lower(), expected)):
            raise SignatureRefused("X-Signature: it is not that of this request.")
        with self._lock:
            self._forget_what_is_too_old(now_us)
            if expected in self._used or expected in self._used_before:
                raise SignatureRefused("X-Signature: it was used before. Sign each request with a time of its own.")
            self._used.add(expected)

    def _require_time(self, timestamp: str, now_us: int) -> None:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= TIMESTAMP_DIGITS_MAX):
            raise SignatureRefused("X-Timestamp: expected microseconds since 1970.")
        if abs(int(timestamp) - now_us) > WINDOW_US or int(timestamp) < self._oldest_us:
            seconds = WINDOW_US // 1_000_000
            raise SignatureRefused(f"X-Timestamp: it is not within {seconds} s of {now_us}, the exchange's time.")

    def _forget_what_is_too_old(self, now_us: int) -> None:
        if now_us >= self._turn_us:
            # The older set is of requests signed before this time, should the clock ever be set back.
            self._oldest_us = max(self._oldest_us, now_us - WINDOW_US)
            self._used_before, self._used = self._used, set()
            self._turn_us = now_us + KEPT_US
