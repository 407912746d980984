"""Load on the REST API: seeded order flow and reads of the book, each as soon as the last response came.

Try it: API_KEY=... STRESS_SEED=7 locust -f stress/locustfile.py --host http://127.0.0.1:5000
A refusal by the rulebook is no failure; any other response that is not 2xx is.
"""

import os
from itertools import count
from typing import Any, ClassVar

from locust import FastHttpUser, task
from locust.contrib.fasthttp import FastResponse

from stress.workloads import SYMBOLS, Action, ActionKind, OrderFlow

TRADERS_PER_CLIENT = 5
FORESEEN = {
    404: {"unknown_symbol"},  # No order was placed in it yet.
    409: {"order_final"},  # It filled before the amend or cancel came.
    422: {
        "post_only_would_take",
        "duplicate_order_id",
    },  # The last one: a seed that is used again on the same exchange.
}


class Trader(FastHttpUser):
    """A client with an order flow of its own, decided by STRESS_SEED and the client's number."""

    # Locust makes its users itself and passes nothing: the class numbers them.
    numbers: ClassVar["count[int]"] = count(1)

    def on_start(self) -> None:
        """Begin the flow."""
        number = next(self.numbers)
        seed = f"{os.environ.get('STRESS_SEED', '1')}.{number}"
        users = [f"trader{number}-{seat}" for seat in range(TRADERS_PER_CLIENT)]
        self.flow = OrderFlow(seed, SYMBOLS, users, whole_rulebook=True)
        self.order_ids: dict[str, str] = {}
        key = os.environ.get("API_KEY")
        self.headers = {"X-API-Key": key} if key else {}

    @task(10)
    def trade(self) -> None:
        """Send the next action of the flow."""
        action = self.flow.next_action()
        if action.kind is ActionKind.PLACE:
            self.place(action)
        elif order_id := self.order_ids.get(action.client_order_id):
            self.change(action, order_id)

    @task(1)
    def look_at_the_book(self) -> None:
        """Read the depth of one symbol."""
        symbol = SYMBOLS[len(self.order_ids) % len(SYMBOLS)]
        self.send("GET", f"/api/v1/market/{symbol}/depth?levels=10", "GET /market/{symbol}/depth", None)

    def place(self, action: Action) -> None:
        """Post an order and learn its id."""
        answer = self.send("POST", "/api/v1/orders", "POST /orders", action.body)
        if answer is not None and answer["status"] in {"PENDING", "OPEN", "PARTIALLY_FILLED"}:
            self.order_ids[action.client_order_id] = answer["order_id"]

    def change(self, action: Action, order_id: str) -> None:
        """Amend or cancel an order that rested when it was placed."""
        path = f"/api/v1/orders/{order_id}"
        if action.kind is ActionKind.AMEND:
            self.send("PUT", path, "PUT /orders/{order_id}", action.body)
        else:
            del self.order_ids[action.client_order_id]
            self.send("DELETE", path, "DELETE /orders/{order_id}", None)

    def send(self, method: str, path: str, name: str, body: object) -> dict[str, Any] | None:  # Any: parsed JSON.
        """Send a request; return the response, or None if it was refused."""
        with self.client.request(
            method, path, name=name, json=body, headers=self.headers, catch_response=True
        ) as response:
            if response.status_code // 100 == 2:
                return _json(response)
            if _code(response) in FORESEEN.get(response.status_code, ()):
                response.success()
            else:
                response.failure(f"{response.status_code}: {(response.text or '')[:200]}")
            return None


def _code(response: FastResponse) -> str | None:
    try:
        return _json(response).get("code")
    except ValueError:
        return None


def _json(response: FastResponse) -> dict[str, Any]:  # Any: parsed JSON.
    answer: dict[str, Any] = response.json()
    return answer
