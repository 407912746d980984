"""Gives connections away that become WebSockets: those of the feeds to the feeds' process."""

from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.upgrades import ORDERS, Upgrade
from order_engine.feeds.hand_over import HandOver, Subscription
from order_engine.server.connection import Connection
from order_engine.server.order_sockets import OrderSockets
from order_engine.server.served_venue import ServedVenue

REST_BYTES_MAX = 1 << 16


class Upgrades:
    """Carries out what a handshake asked for."""

    def __init__(self, venue: ServedVenue, order_sockets: OrderSockets) -> None:
        self._venue = venue
        self._order_sockets = order_sockets

    def carry_out(self, connection: Connection, upgrade: Upgrade) -> Problem | None:
        """Give the connection away, or return why that is not possible."""
        if len(connection.rest) > REST_BYTES_MAX:
            return Problem("malformed_request", "The client did not wait for the end of the handshake.")
        if upgrade.purpose == ORDERS:
            if self._order_sockets.take(connection, upgrade.greeting, upgrade.address):
                return None
            return Problem("feeds_unavailable", "There are as many connections for orders as there may be.")
        wanted = Subscription(upgrade.purpose, upgrade.symbol, upgrade.size, upgrade.since)
        handed = HandOver(wanted, upgrade.greeting, bytes(connection.rest))
        if not self._venue.hand_over(handed, connection.descriptor):
            return Problem("feeds_unavailable", "The feeds are starting, or have as many clients as they may.")
        connection.abort()
        return None
