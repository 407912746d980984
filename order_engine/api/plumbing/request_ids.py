"""``X-Request-ID`` on every response: the client's if it is safe to print, else a new one."""

import os
import re
from itertools import count
from wsgiref.types import WSGIEnvironment

HEADER = "X-Request-ID"
KEPT_AS = "order_engine.request_id"

_SANE = re.compile(r"[!-~]{1,128}", re.ASCII)


class RequestIds:
    """Makes request ids: a random prefix of this process and a counter. They are unique and need no system call."""

    def __init__(self) -> None:
        self._process = os.urandom(8).hex()
        self._numbers = count(1)

    def of(self, environ: WSGIEnvironment) -> str:
        """Return the id of a request."""
        known: str | None = environ.get(KEPT_AS)
        if known is None:
            known = environ.get("HTTP_X_REQUEST_ID", "")
            if not known or not _SANE.fullmatch(known):
                known = f"{self._process}-{next(self._numbers)}"
            environ[KEPT_AS] = known
        return known
