"""Flask without what this service never uses: sessions, coroutines as views, and hosts that decide what is served.

Each costs time in every request; the session that Flask makes where there is no secret key is, besides, a cycle for
the garbage collector each time.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.sessions import NullSession, SessionInterface, SessionMixin
from werkzeug.routing import MapAdapter

_NOTHING_IS_KEPT = NullSession()


class NoSessions(SessionInterface):
    """Hands every request the same session, which refuses to be written."""

    def open_session(self, app: Flask, request: Request) -> SessionMixin:
        """Give what there is: nothing."""
        del app, request
        return _NOTHING_IS_KEPT


class ServiceApp(Flask):
    """The application. It serves no static folder of its own: the page does, with its own headers."""

    session_interface = NoSessions()

    def __init__(self) -> None:
        super().__init__("order_engine", static_folder=None)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Match by method and path, whatever the Host header says."""
        if request is None:
            return super().create_url_adapter(None)
        return MapAdapter(self.url_map, "localhost", "/", "", "http", request.path, request.method)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Take a function as it is: none here is a coroutine."""
        return func
