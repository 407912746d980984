"""``/livez`` and ``/readyz``: decided by one flag, before the app, so that they wait for nothing."""

from collections.abc import Mapping

import msgspec

from order_engine.api.plumbing.problems import RETRY_AFTER_SECONDS
from order_engine.api.plumbing.responses import JSON_HEADERS, JSON_TYPE
from order_engine.api.plumbing.retries import PREFIX
from order_engine.api.resources.health import OK, STATUS_OF_PHASE
from order_engine.exchange.phase import Phase
from order_engine.server.response_bytes import REQUEST_ID_HEADER, HttpResponse
from order_engine.server.served_venue import Environ, ServedVenue

_LIVE, _READY = "/livez", "/readyz"
_OK, _UNAVAILABLE = "200 OK", "503 Service Unavailable"


class Probes:
    """Responds to supervisors."""

    def __init__(self, venue: ServedVenue) -> None:
        self._venue = venue
        self._asks = dict.fromkeys((_LIVE, PREFIX + _LIVE), self.live)
        self._asks |= dict.fromkeys((_READY, PREFIX + _READY), self.ready)
        self.is_stopping = False

    def respond(self, environ: Environ, request_id: str) -> HttpResponse:
        """Respond to a request for which ``is_probe`` is true."""
        status, content = self._asks[environ["PATH_INFO"]]()
        headers = [("Content-Type", JSON_TYPE), *JSON_HEADERS, (REQUEST_ID_HEADER, request_id)]
        if status is not _OK:
            headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
        return HttpResponse(status, headers, msgspec.json.encode(content))

    def is_probe(self, environ: Environ) -> bool:
        """Say whether a request is a probe; the app responds to wrong methods and parameters."""
        return (
            environ["PATH_INFO"] in self._asks
            and environ["REQUEST_METHOD"] in ("GET", "HEAD")
            and not environ["QUERY_STRING"]
        )

    def live(self) -> tuple[str, Mapping[str, object]]:
        """Say that the process lives; one that has halted needs a restart."""
        if self._venue.exchange.phase is Phase.HALTED:
            return _UNAVAILABLE, {"status": STATUS_OF_PHASE[Phase.HALTED]}
        return _OK, {"status": OK}

    def ready(self) -> tuple[str, Mapping[str, object]]:
        """Say whether requests are served, and until then how far recovery is."""
        phase = Phase.CLOSED if self.is_stopping else self._venue.exchange.phase
        content: dict[str, object] = {"status": STATUS_OF_PHASE[phase]}
        if phase is Phase.STARTING:
            content["recovery"] = self._venue.recovery.progress._asdict()
        return _OK if phase is Phase.OPEN else _UNAVAILABLE, content
