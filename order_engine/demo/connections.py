"""Ways to send a request to an exchange: over HTTP, and to an application in this process."""

import http.client
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import msgspec
from flask.testing import FlaskClient

TIMEOUT_SECONDS = 10
HEADERS = {"Content-Type": "application/json", "X-Requested-With": "order-engine-demo"}
Json = Any  # Any: JSON


class Answer(NamedTuple):
    """The status of a response, and its JSON."""

    status: int
    content: Json

    @property
    def is_done(self) -> bool:
        """Whether the request was carried out."""
        return self.status < http.client.BAD_REQUEST


class Connection(Protocol):
    """Sends requests to an exchange."""

    def send(self, method: str, path: str, body: Json = None) -> Answer:
        """Send one request and return the response; raise OSError if there is none."""
        ...


class HttpConnection:
    """One connection, kept open, and opened again if the server closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)

    def send(self, method: str, path: str, body: Json = None) -> Answer:
        """Send one request and return the response; raise OSError if there is none."""
        try:
            self._connection.request(method, path, None if body is None else msgspec.json.encode(body), HEADERS)
            response = self._connection.getresponse()
            return Answer(response.status, msgspec.json.decode(response.read()))
        except (http.client.HTTPException, msgspec.DecodeError) as error:
            raise OSError(f"no response of an exchange: {error}") from error
        finally:
            if self._connection.sock is None:
                self._connection.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class AppConnection:
    """Calls an application in this process."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def send(self, method: str, path: str, body: Json = None) -> Answer:
        """Send one request and return the response."""
        data = None if body is None else msgspec.json.encode(body)
        response = self._client.open(path, method=method, data=data, headers=HEADERS)
        return Answer(response.status_code, msgspec.json.decode(response.data))
