"""Time and ping, for clients that begin by looking whether the exchange is there."""

from datetime import datetime

from flask.testing import FlaskClient

from tests.integration.api.orders import answered, buy, place


def test_time_is_that_of_orders(client: FlaskClient) -> None:
    before = answered(client.get("/time"))
    placed = place(client, buy())
    after = answered(client.get("/api/v1/time"))

    assert before["time"] <= placed["created_at"] <= after["time"]
    assert after["milliseconds"] == int(datetime.fromisoformat(after["time"]).timestamp() * 1_000)


def test_ping_is_answered(client: FlaskClient) -> None:
    assert answered(client.get("/ping")) == {"status": "ok"}
