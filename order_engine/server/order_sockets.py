"""All connections on which users trade: their number has a bound, and they share one queue of durable events."""

from collections.abc import Callable
from time import monotonic

from order_engine.feeds.own_events import OwnEvents
from order_engine.server.connection import Connection
from order_engine.server.lost_orders import LostOrders, PlacedOrders
from order_engine.server.order_socket import OrderSocket
from order_engine.server.parked_responses import ParkedResponses
from order_engine.server.response_bytes import HttpResponse
from order_engine.server.served_venue import Environ, Served, ServedVenue
from order_engine.server.waiting_clients import WaitingClients


class OrderSockets:
    """The connections. They count among all clients, and may be at most half of them."""

    def __init__(
        self,
        venue: ServedVenue,
        clients: WaitingClients,
        parked: ParkedResponses,
        serve_later: Callable[[Served], object],
    ) -> None:
        self.operations = venue.order_operations
        self.events: OwnEvents = venue.own_events
        self._exchange = venue.exchange
        self._clients = clients
        self._parked = parked
        self._serve_later = serve_later
        self.lost = LostOrders(venue.exchange, serve_later)
        self._sockets: dict[OrderSocket, None] = {}
        self._catching_up: dict[OrderSocket, None] = {}
        self._changes = 0

    @property
    def visible_sequence(self) -> int:
        """The last sequence that may be shown."""
        return self._exchange.visible_sequence

    def take(self, connection: Connection, greeting: bytes, address: str) -> bool:
        """Make a WebSocket of a connection; False if there are as many as there may be."""
        if len(self._sockets) >= self._clients.connections_max // 2:
            return False
        socket = OrderSocket(self, self._serve_later, greeting, bytes(connection.rest), address)
        self._sockets[socket] = None
        connection.become(socket.web_socket)
        self._clients.add(socket)
        return True

    def new_placed_orders(self) -> PlacedOrders:
        """Return what notes the orders of a new connection."""
        return PlacedOrders(self._exchange)

    def admit(self, socket: OrderSocket) -> None:
        """Let a client stay that has said who it is."""
        self._clients.stop_waiting(socket)
        if not socket.catch_up():
            self._catching_up[socket] = None

    def park(self, socket: OrderSocket, environ: Environ, response: HttpResponse) -> None:
        """Send a response once everything that it may depend on is durable."""
        self._parked.send_or_park(self._exchange.applied_sequence, socket, environ, response)

    def release(self) -> None:
        """Send the events that are durable now."""
        self.events.release(self._exchange.visible_sequence, monotonic())
        for socket in list(self._catching_up):
            socket.resume()
            if socket.catch_up():
                del self._catching_up[socket]

    def remove(self, socket: OrderSocket) -> None:
        """Forget a client that is gone."""
        self._sockets.pop(socket, None)
        self._catching_up.pop(socket, None)
        self._clients.remove(socket)

    def tick(self) -> None:
        """Close clients that are slow or gone, or whose key has ended."""
        now = monotonic()
        changes, self._changes = self._changes, self.operations.changes
        for socket in list(self._sockets):
            socket.web_socket.tick(now)
            if self._changes != changes:
                socket.require_key()

    def stop(self) -> None:
        """Say goodbye to each client once its messages are answered."""
        for socket in list(self._sockets):
            socket.stop()
