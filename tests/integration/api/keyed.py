"""An exchange with stored keys, and a client for each key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flask.testing import FlaskClient

from order_engine.exchange.clock import SystemClock
from order_engine.security.key_register import KeyRegister
from order_engine.security.stored_keys import Scope
from tests.integration.api.served_exchange import Served, served_exchange


class Keyed(NamedTuple):
    """A served exchange, its keys, and those who use it."""

    served: Served
    register: KeyRegister
    alice: FlaskClient
    bob: FlaskClient
    reader: FlaskClient
    admin: FlaskClient
    stranger: FlaskClient

    def client_of(self, key: str) -> FlaskClient:
        """Return a client that sends a key."""
        return with_key(self.served, key)


def with_key(served: Served, key: str) -> FlaskClient:
    """Return a client that sends a key."""
    client = served.client
    client.environ_base["HTTP_X_API_KEY"] = key
    return client


@contextmanager
def keyed_exchange(directory: Path) -> Iterator[Keyed]:
    """Serve an exchange with keys: alice and bob trade, the reader reads what is alice's, the admin is no user."""
    register = KeyRegister(directory, SystemClock().now_ns)
    holders = (("alice", Scope.TRADE), ("bob", Scope.TRADE), ("alice", Scope.READ), (None, Scope.ADMIN))
    issued = [register.create(user, [scope], signs=False) for user, scope in holders]
    with served_exchange(directory) as served:
        alice, bob, reader, admin = (with_key(served, each.key) for each in issued)
        yield Keyed(served, register, alice, bob, reader, admin, served.client)
