"""Builders of requests: every field has a valid default."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Json = dict[str, Any]  # Any: JSON


def buy(**fields: object) -> Json:
    """A limit order to buy."""
    return {"user_id": "user123", "symbol": "AAPL", "side": "BUY", "quantity": "100", "price": "150.50", **fields}


def sell(**fields: object) -> Json:
    """A limit order to sell."""
    return buy(**{"user_id": "user456", "side": "SELL", **fields})


def place(client: FlaskClient, order: Json) -> Json:
    """Place an order that must be accepted."""
    response = client.post("/orders", json=order)
    assert response.status_code == 201, response.text
    return answered(response)


def answered(response: TestResponse) -> Json:
    """The object in a response."""
    content = response.get_json()
    assert isinstance(content, dict)
    return content


def problem(response: TestResponse, status: int, code: str) -> Json:
    """The problem document in a response that must be one."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    content = answered(response)
    assert content["code"] == code, content
    assert content["status"] == status
    assert all(content[field] for field in ("type", "title", "detail"))
    assert content["request_id"] == response.headers["X-Request-ID"]
    return content
