"""A client that remembers every response, and retries with the same key if none came."""

import random
from typing import NamedTuple

from tests.integration.service.server_process import Answered, Client, Json, buy

SYMBOLS = ("AAPL", "MSFT")
LIVE = ("OPEN", "PARTIALLY_FILLED")


class Request(NamedTuple):
    """A request and its key."""

    key: str
    method: str
    path: str
    body: Json | None


class Acknowledged(NamedTuple):
    """A request and its response."""

    request: Request
    answered: Answered

    @property
    def sequence(self) -> int:
        """The last sequence that the request took."""
        return int(self.answered.headers["X-Sequence"])

    @property
    def orders(self) -> list[Json]:
        """The orders in the response, with the trades that the request made."""
        content = self.answered.content
        if self.answered.status >= 400 or "canceled" in content:
            return []
        return [result["order"] for result in content["results"]] if "results" in content else [content]

    @property
    def canceled(self) -> list[str]:
        """The ids in the response to a mass cancel."""
        canceled: list[str] = self.answered.content.get("canceled", [])
        return canceled


class RememberingClient:
    """A user who places, amends and cancels around one price, as a seed decides; one request at a time."""

    def __init__(self, user_id: str, seed: int) -> None:
        self.user_id = user_id
        self.acknowledged: list[Acknowledged] = []
        self.unanswered: Request | None = None
        self.replayed = 0
        self._chance = random.Random(f"{user_id} {seed}")
        self._live: dict[str, None] = {}
        self._asked = 0

    def ask_next(self, connection: Client) -> None:
        """Send a new request; without a response (``OSError``, ``HTTPException``) it stays ``unanswered``."""
        assert self.unanswered is None
        self._asked += 1
        self.unanswered = Request(f"{self.user_id} {self._asked}", *self._wish())
        self._finish(connection)

    def ask_again(self, connection: Client) -> None:
        """Retry the request without a response, and the one before it a second time."""
        if self.acknowledged:
            self.compare(connection, self.acknowledged[-1])
        if self.unanswered is not None:
            answered = self._finish(connection)
            self.replayed += "Idempotent-Replayed" in answered.headers

    def compare(self, connection: Client, first: Acknowledged) -> None:
        """Repeat an answered request: the response must be the same."""
        again = _ask(connection, first.request)
        assert _agree(first.answered, again), f"{first.request}: first {first.answered}, now {again}"
        assert "Idempotent-Replayed" in again.headers, f"{first.request} was forgotten: {again}"

    def _finish(self, connection: Client) -> Answered:
        request = self.unanswered
        assert request is not None
        answered = _ask(connection, request)
        assert answered.status in (200, 201) or _has_ended(answered), (request, answered)
        self.unanswered = None
        self.acknowledged.append(Acknowledged(request, answered))
        self._learn(self.acknowledged[-1])
        return answered

    def _learn(self, told: Acknowledged) -> None:
        for order in told.orders:
            self._live.pop(order["order_id"], None)
            if order["status"] in LIVE:
                self._live[order["order_id"]] = None
        for order_id in told.canceled:
            del self._live[order_id]
        if _has_ended(told.answered):
            self._live.pop(told.request.path.removeprefix("/orders/"))

    def _wish(self) -> tuple[str, str, Json | None]:
        dice = self._chance.randrange(100)
        if dice < 4:
            return "DELETE", f"/orders?user_id={self.user_id}&symbol={self._chance.choice(SYMBOLS)}", None
        if dice < 14:
            return "POST", "/orders/batch", {"orders": [self._order() for _ in range(self._chance.randint(2, 5))]}
        if dice < 45 and self._live:
            path = f"/orders/{self._chance.choice(list(self._live))}"
            return ("DELETE", path, None) if dice < 25 else ("PUT", path, self._terms())
        return "POST", "/orders", self._order()

    def _order(self) -> Json:
        side, symbol = self._chance.choice(["BUY", "SELL"]), self._chance.choice(SYMBOLS)
        return buy(user_id=self.user_id, symbol=symbol, side=side, **self._terms())

    def _terms(self) -> Json:
        return {"price": f"{self._chance.randint(97, 103)}.00", "quantity": str(self._chance.randint(1, 20))}


def _ask(connection: Client, request: Request) -> Answered:
    return connection.ask(request.method, request.path, request.body, {"Idempotency-Key": request.key})


def _has_ended(answered: Answered) -> bool:
    """Return whether an amend or a cancel came too late; while the database is away, 503 means that this is unknown."""
    return answered.status == 409 or (answered.status == 503 and "cannot be told now" in answered.content["detail"])


def _agree(first: Answered, again: Answered) -> bool:
    if 503 in (first.status, again.status):
        return _has_ended(first) and _has_ended(again)
    return _lasting(first) == _lasting(again)


def _lasting(answered: Answered) -> tuple[int, str | None, Json]:
    # Each request has an id of its own, and a problem names it.
    content = {name: value for name, value in answered.content.items() if name != "request_id"}
    return answered.status, answered.headers.get("X-Sequence"), content
