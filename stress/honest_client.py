"""One client that trades as it should while others attack: how long it waits, and what it was told.

usage: python -m stress.honest_client PORT [--every SECONDS]     ends when its standard input does, and prints JSON

Every few milliseconds an order is due; it is sent when it is due and the one before has its response. A wait counts
from when the order was due, so that a server that stands still delays all of them. An order whose connection fails is
sent again with the same key. What is still without a response at the end has waited until then.
"""

import argparse
import http.client
import json
import sys
from dataclasses import asdict, dataclass, field
from threading import Event, Thread
from time import monotonic

MAKER, TAKER, SYMBOL = "honest-maker", "honest-taker", "HONEST"
REST = {"user_id": MAKER, "symbol": SYMBOL, "side": "SELL", "quantity": 1_000_000_000, "price": "100.00"}
TAKE = {"user_id": TAKER, "symbol": SYMBOL, "side": "BUY", "quantity": 1, "price": "100.00", "time_in_force": "IOC"}
TIMEOUT_SECONDS = 120
RETRY_SECONDS = 0.05
ENDING_SECONDS = 1.0


@dataclass
class Told:
    """What the client saw: when orders were due and how long each waited, in seconds, and the orders it was given."""

    due: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    order_ids: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    failures: int = 0


class HonestClient:
    """Sends an order when it is due, over one connection."""

    def __init__(self, port: int, every_seconds: float) -> None:
        self.told = Told()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
        self._every = every_seconds
        self._stopping = Event()
        self._due = monotonic()

    def run(self) -> None:
        """Rest one large order, then trade against it until told to stop."""
        self._place(REST)
        while not self._stopping.wait(max(0.0, self._due + self._every - monotonic())):
            self._due += self._every
            self._place(TAKE)

    def finish(self) -> Told:
        """Stop, and count what has no response as if it came now."""
        self._stopping.set()
        seen = len(self.told.waited)
        told = Told(**asdict(self.told))
        now = monotonic()
        told.due, told.waited = told.due[:seen], told.waited[:seen]
        due = told.due[-1] + self._every if told.due else self._due
        while due < now - ENDING_SECONDS:
            told.due.append(due)
            told.waited.append(now - due)
            due += self._every
        return told

    def _place(self, order: dict[str, object]) -> None:
        status, content = self._respond(json.dumps(order), f"honest-{len(self.told.due)}")
        if status == http.HTTPStatus.CREATED:
            self.told.order_ids.append(json.loads(content)["order_id"])
        else:
            self.told.refusals.append(f"{status} {content[:200].decode(errors='replace')}")
        self.told.due.append(self._due)
        self.told.waited.append(monotonic() - self._due)

    def _respond(self, body: str, key: str) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        while True:
            try:
                self._connection.request("POST", "/orders", body, headers)
                response = self._connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException):
                self.told.failures += 1
                self._connection.close()
                self._stopping.wait(RETRY_SECONDS)


def main() -> None:
    """Trade until standard input ends."""
    parser = argparse.ArgumentParser(prog="honest_client", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("--every", type=float, default=0.02)
    arguments = parser.parse_args()
    client = HonestClient(arguments.port, arguments.every)
    Thread(target=client.run, daemon=True).start()
    sys.stdin.read()
    print(json.dumps(asdict(client.finish())))


if __name__ == "__main__":
    main()
