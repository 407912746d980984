"""What ``GET /health`` says of the followers: how many commands each of them is behind."""

import http.client
import json
from collections.abc import Mapping
from threading import Event, Thread
from typing import Any

POLL_SECONDS = 0.5


def lags_in(health: Mapping[str, Any]) -> dict[str, int]:  # Any: JSON
    """Return the lag of each follower that gives one as a number, by its name."""
    lags = health.get("lag")
    return {name: lag for name, lag in lags.items() if isinstance(lag, int)} if isinstance(lags, Mapping) else {}


def lags_of(port: int) -> dict[str, int]:
    """Ask a server for the lags of its followers; nothing if it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health")
        return lags_in(json.loads(connection.getresponse().read()))
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()


class LagWatch:
    """Asks a server twice a second, in a thread of its own, and keeps the worst lag of each follower."""

    def __init__(self, port: int) -> None:
        self.worst: dict[str, int] = {}
        self._port = port
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="lag-watch", daemon=True)

    def __enter__(self) -> "LagWatch":
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._thread.join()

    def wait_caught_up(self, seconds_max: float) -> bool:
        """Return whether the server says, within a bounded time, that no follower is behind any more."""
        for _ in range(round(seconds_max / POLL_SECONDS)):
            # A server that is too busy to answer gives none.
            if (lags := lags_of(self._port)) and not any(lags.values()):
                return True
            self._stopping.wait(POLL_SECONDS)
        return False

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            for name, lag in lags_of(self._port).items():
                self.worst[name] = max(lag, self.worst.get(name, 0))
