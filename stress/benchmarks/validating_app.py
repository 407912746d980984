"""The yardstick for POST /orders: the same web stack, a body validated with marshmallow, and nothing done with it."""

from flask import Flask, Response, jsonify, request
from marshmallow import Schema, fields, validate

IDENTIFIER = validate.Length(1, 64)


class OrderBody(Schema):
    """The five fields of a plain limit order."""

    user_id = fields.String(required=True, validate=IDENTIFIER)
    symbol = fields.String(required=True, validate=IDENTIFIER)
    side = fields.String(required=True, validate=validate.OneOf(["BUY", "SELL"]))
    quantity = fields.Decimal(required=True, as_string=True)
    price = fields.Decimal(required=True, as_string=True)


def create_app() -> Flask:
    """Build the app, for gunicorn's ``validating_app:create_app()``."""
    app = Flask(__name__)
    schema = OrderBody()

    @app.post("/api/v1/orders")
    def post_order() -> tuple[Response, int]:
        return jsonify(schema.dump(schema.load(request.get_json()))), 201

    @app.get("/readyz")
    def ready() -> dict[str, str]:
        return {"status": "ok"}

    return app
