"""The lag of the followers, in commands, from ``GET /health``."""

import http.client
import json
from threading import Event, Thread

POLL_SECONDS = 0.5


def lags_of(port: int) -> dict[str, int]:
    """Return the lags of a server's followers; none if it does not respond."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/health")
        lags: dict[str, int] = json.loads(connection.getresponse().read())["lag"]
        return lags
    except (OSError, http.client.HTTPException):
        return {}
    finally:
        connection.close()


class LagWatch:
    """Reads the lags twice a second in a thread, and keeps the largest of each follower."""

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
        """Return whether no follower is behind any more, within a bounded time."""
        for _ in range(round(seconds_max / POLL_SECONDS)):
            # A server that is too busy to respond reports no lags.
            if (lags := lags_of(self._port)) and not any(lags.values()):
                return True
            self._stopping.wait(POLL_SECONDS)
        return False

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            for name, lag in lags_of(self._port).items():
                self.worst[name] = max(lag, self.worst.get(name, 0))
