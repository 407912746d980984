"""Refuses requests that a web page of another site may have caused its visitor's browser to send.

Without a key the exchange trusts everybody who reaches its port, and every page in a browser on this machine does. A
page of another site is told by its ``Origin``; one whose name was pointed at this address (DNS rebinding) by ``Host``.
"""

from collections.abc import Callable, Collection, Iterable
from ipaddress import ip_address
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from order_engine.api.plumbing.keys import Environ
from order_engine.api.plumbing.problem_handlers import problem_response
from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.request_ids import HEADER, RequestIds
from order_engine.api.plumbing.responses import JSON_TYPE

ANY_HOST = "*"
HOSTS_REMEMBERED_MAX = 256
LOOPBACK = "127.0.0.1"

OWN_FETCH_SITES = frozenset({None, "same-origin", "none"})
# A browser lets a page of another site send none of these unless the server allows it first.
_HEADERS_OF_PROGRAMS = ("HTTP_X_REQUESTED_WITH", "HTTP_X_API_KEY", "HTTP_AUTHORIZATION", "HTTP_IDEMPOTENCY_KEY")

_ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_ALLOWED_HEADERS = (
    "Content-Type, X-API-Key, Authorization, X-Timestamp, X-Signature, Idempotency-Key, X-Min-Sequence, X-Request-ID"
)
_EXPOSED_HEADERS = "X-Sequence, X-Request-ID, Idempotent-Replayed, Retry-After"


class RequestGuard:
    """``hosts`` are the names that ``Host`` may say; ``origins`` those of other sites that may do everything.

    With ``only_this_machine`` nobody else is served: another WSGI server than ours may listen on any address.
    """

    def __init__(
        self, hosts: Collection[str], origins: Collection[str] = (), *, only_this_machine: bool = False
    ) -> None:
        self._only_this_machine = only_this_machine
        self._hosts = frozenset(host.lower() for host in hosts)
        self._allows_any_host = ANY_HOST in self._hosts
        self._origins = frozenset(origins)
        self._remembered: dict[str, bool] = {}

    def require_host(self, environ: Environ) -> None:
        """Refuse a request for a host that is not served here; raises ``Problem``."""
        host = environ.get("HTTP_HOST")
        if self._allows_any_host or host is None:
            # A browser always sends it. HTTP/1.0 may leave it out.
            return
        is_allowed = self._remembered.get(host)
        if is_allowed is None:
            is_allowed = name_of_host(host) in self._hosts
            if len(self._remembered) < HOSTS_REMEMBERED_MAX:
                self._remembered[host] = is_allowed
        if not is_allowed:
            raise Problem("host_not_allowed", f"Host: found {host[:100]!r}, which ALLOWED_HOSTS does not name.")

    def require_machine(self, environ: Environ) -> None:
        """Refuse a request of another machine, if only this one is served; raises ``Problem``."""
        peer = environ.get("REMOTE_ADDR")
        if self._only_this_machine and peer and peer != LOOPBACK and not _is_loopback(peer):
            raise Problem("unauthorized", "Other machines are served only with an API_KEY, or OPEN=true.")

    def require_own_origin(self, environ: Environ) -> None:
        """Refuse a write that a page of another site sends; raises ``Problem``."""
        origin = environ.get("HTTP_ORIGIN")
        if origin is None:
            if environ.get("HTTP_SEC_FETCH_SITE") not in OWN_FETCH_SITES:
                raise Problem("origin_not_allowed", "Sec-Fetch-Site: a page of another site sent this.")
            return
        if origin in self._origins:
            return
        scheme, _, host = origin.partition("://")
        is_own = scheme in ("http", "https") and host.lower() == str(environ.get("HTTP_HOST")).lower()
        if not is_own or environ.get("HTTP_SEC_FETCH_SITE") not in OWN_FETCH_SITES:
            raise Problem("origin_not_allowed", f"Origin: found {origin[:100]!r}, which CORS_ORIGINS does not name.")

    def allows_origin(self, origin: str) -> bool:
        """Say whether pages of another site may use the exchange."""
        return origin in self._origins


def require_program(environ: Environ) -> None:
    """Refuse a POST that a plain form of a web page can send as well; raises ``Problem``."""
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == JSON_TYPE:
        return
    if not any(name in environ for name in _HEADERS_OF_PROGRAMS):
        detail = f"Without a body this needs a key, X-Requested-With, or {JSON_TYPE} as its Content-Type."
        raise Problem("origin_not_allowed", detail)


def name_of_host(host: str) -> str:
    """Return the name in a ``Host`` header, without its port, in lower case; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    if colon and "]" not in port and (not port or (port.isascii() and port.isdigit())):
        host = name
    return host.lower().removesuffix(".")


def _is_loopback(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


class GuardedApp:
    """WSGI middleware: refuses hosts that are not allowed, and tells browsers which other sites are."""

    def __init__(self, app: WSGIApplication, guard: RequestGuard, request_ids: RequestIds) -> None:
        self._app = app
        self._guard = guard
        self._request_ids = request_ids

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve a request, or refuse it."""
        try:
            self._guard.require_machine(environ)
            self._guard.require_host(environ)
        except Problem as problem:
            return self._refuse(problem, environ, start_response)
        origin = environ.get("HTTP_ORIGIN")
        if origin is None or not self._guard.allows_origin(origin):
            return self._app(environ, start_response)
        own_headers = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        if environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            allowed = [("Access-Control-Allow-Methods", _ALLOWED_METHODS)]
            allowed += [("Access-Control-Allow-Headers", _ALLOWED_HEADERS), ("Access-Control-Max-Age", "600")]
            start_response("204 No Content", [*own_headers, *allowed, (HEADER, self._request_ids.of(environ))])
            return ()
        own_headers.append(("Access-Control-Expose-Headers", _EXPOSED_HEADERS))
        return self._app(environ, _with_headers(start_response, own_headers))

    def _refuse(self, problem: Problem, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = self._request_ids.of(environ)
        response = problem_response(problem, request_id)
        response.headers.append((HEADER, request_id))
        return response(environ, start_response)


def _with_headers(start_response: StartResponse, more: list[tuple[str, str]]) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        # Any: WSGI's
        return start_response(status, headers + more, exc_info)

    return start
