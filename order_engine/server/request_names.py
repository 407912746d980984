"""How requests are named that the app does not see, and found named if it did."""

import os
from itertools import count

from order_engine.server.venue_ports import Environ

KEPT_AS = "order_engine.request_id"


class RequestNames:
    """Names requests as the app does: a random name of this process and a number."""

    def __init__(self) -> None:
        self._process = os.urandom(8).hex()
        self._numbers = count(1)

    def of(self, environ: Environ | None) -> str:
        """Return the name of a request, which may be one that could not be read."""
        known = None if environ is None else environ.get(KEPT_AS)
        return known if isinstance(known, str) else f"{self._process}-{next(self._numbers)}"
