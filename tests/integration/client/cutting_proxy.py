"""A proxy that lets a request through and then cuts the connection, so that the client cannot know what came of it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

RECEIVED_AT_ONCE = 1 << 16


class CuttingProxy:
    """Cuts the first ``cuts`` connections when the response to their first request comes."""

    def __init__(self, listener: socket.socket, port: int, cuts: int) -> None:
        self._listener = listener
        self._port = port
        self.cuts_left = cuts

    def run(self) -> None:
        """Serve until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            Thread(target=_pass_on, args=(client, server), daemon=True).start()
            with suppress(OSError):
                while response := server.recv(RECEIVED_AT_ONCE):
                    if self.cuts_left:
                        self.cuts_left -= 1
                        break
                    client.sendall(response)
            # Wakes the other thread too.
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    with suppress(OSError):
        while request := client.recv(RECEIVED_AT_ONCE):
            server.sendall(request)
        server.shutdown(socket.SHUT_WR)


@contextmanager
def cutting_proxy(url: str, cuts: int) -> Iterator[str]:
    """Run a proxy to an exchange; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CuttingProxy(listener, int(url.rpartition(":")[2]), cuts)
        Thread(target=proxy.run, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert proxy.cuts_left == 0
        listener.shutdown(socket.SHUT_RDWR)
