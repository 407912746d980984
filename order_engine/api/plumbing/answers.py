"""What is answered: the bodies of all operations, as the schemas that document them."""

from collections.abc import Mapping

from marshmallow import INCLUDE, RAISE, Schema, fields, validate

from order_engine.market_data.candles import INTERVALS
from order_engine.matching.commands import OrderType, SelfTradePrevention, SessionState, Side, TimeInForce
from order_engine.matching.events import OrderStatus


class _Answer(Schema):
    class Meta:
        unknown = RAISE


def _amount(*, null: bool = False, example: str = "100") -> fields.String:
    return fields.String(
        required=True,
        allow_none=null,
        validate=validate.Regexp(r"^-?[0-9]+(\.[0-9]+)?$"),
        metadata={"example": example},
    )


def _text(*, null: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=null)


def _word(words: Mapping[str, object], *, null: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=null, validate=validate.OneOf([*words, *([None] if null else [])]))


def _number() -> fields.Integer:
    return fields.Integer(required=True)


def _time(*, null: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=null, metadata={"format": "date-time"})


def _state() -> fields.String:
    return _word(SessionState.__members__)


class Trade(_Answer):
    """A trade. Trades are final."""

    trade_id = _text()
    symbol = _text()
    price = _amount(example="150.50")
    quantity = _amount()
    buy_order_id = _text()
    sell_order_id = _text()
    maker_order_id = _text(null=True)
    taker_order_id = _text(null=True)
    taker_side = _word(Side.__members__, null=True)
    auction = fields.Boolean(required=True)
    sequence = _number()
    executed_at = _time()


class Order(_Answer):
    """An order; absent values are null."""

    order_id = _text()
    client_order_id = _text(null=True)
    user_id = _text(null=True)
    symbol = _text()
    side = _word(Side.__members__)
    type = _word(OrderType.__members__)
    time_in_force = _word(TimeInForce.__members__)
    price = _amount(null=True, example="150.50")
    stop_price = _amount(null=True)
    trail_amount = _amount(null=True)
    display_quantity = _amount(null=True)
    post_only = fields.Boolean(required=True)
    self_trade_prevention = _word(SelfTradePrevention.__members__, null=True)
    expire_at = _time(null=True)
    quantity = _amount()
    filled_quantity = _amount()
    remaining_quantity = _amount()
    average_price = _amount(null=True)
    status = _word(OrderStatus.__members__)
    reason = _text(null=True)
    sequence = _number()
    created_at = _time()
    updated_at = _time()


class OrderWithTrades(Order):
    """An order and its trades."""

    trades = fields.List(fields.Nested(Trade), required=True)


class ProblemDocument(_Answer):
    """RFC 9457, with a machine-readable ``code``."""

    type = _text()
    title = _text()
    status = _number()
    detail = _text()
    code = _text()
    errors = fields.Dict(keys=fields.String(), values=fields.Raw())
    order = fields.Nested(Order)
    request_id = fields.String()


class BatchResult(_Answer):
    """What became of one entry: an order, or the problem with it."""

    status = _number()
    order = fields.Nested(OrderWithTrades)
    problem = fields.Nested(ProblemDocument)


class BatchResults(_Answer):
    """One result for each entry, in order."""

    results = fields.List(fields.Nested(BatchResult), required=True)


class OrderPage(_Answer):
    """Orders, newest first."""

    orders = fields.List(fields.Nested(Order), required=True)
    next_cursor = _text(null=True)


class TradePage(_Answer):
    """Trades, newest first."""

    trades = fields.List(fields.Nested(Trade), required=True)
    next_cursor = _text(null=True)


class OrderEvents(_Answer):
    """An order's life, event by event."""

    order_id = _text()
    events = fields.List(fields.Dict(), required=True)


class Canceled(_Answer):
    """The orders that a mass cancel canceled."""

    canceled = fields.List(fields.String(), required=True)


class ScheduledState(_Answer):
    """A state that a session enters every day at a time, UTC."""

    at = fields.String(required=True, metadata={"example": "09:30:00"})
    state = _state()


class Instrument(_Answer):
    """An instrument: the steps in which its price and quantity move, what protects it, and where its session is."""

    symbol = _text()
    tick_size = _amount(example="0.01")
    lot_size = _amount(example="1")
    price_band_percent = _amount(null=True, example="10")
    circuit_breaker_percent = _amount(null=True, example="20")
    reference_price = _amount(null=True, example="150.00")
    self_trade_prevention = _word(SelfTradePrevention.__members__, null=True)
    schedule = fields.List(fields.Nested(ScheduledState), required=True)
    state = _state()


class Instruments(_Answer):
    """All instruments, by symbol."""

    instruments = fields.List(fields.Nested(Instrument), required=True)


class Depth(_Answer):
    """A book's levels, best first: price, quantity, number of orders."""

    symbol = _text()
    sequence = _number()
    bids = fields.List(fields.List(fields.Raw()), required=True)
    asks = fields.List(fields.List(fields.Raw()), required=True)
    state = _state()
    # While PRE_OPEN only; null if nothing would trade.
    indicative_price = fields.String(allow_none=True)
    indicative_quantity = fields.String(allow_none=True)
    indicative_imbalance = fields.String(allow_none=True)


class TopOfBook(_Answer):
    """The best bid and ask."""

    symbol = _text()
    sequence = _number()
    best_bid = _amount(null=True)
    best_bid_quantity = _amount(null=True)
    best_ask = _amount(null=True)
    best_ask_quantity = _amount(null=True)


class Market(TopOfBook):
    """The top of the book, the last price, and the last 24 hours."""

    state = _state()
    last_price = _amount(null=True)
    volume = _amount()
    vwap = _amount(null=True)
    open = _amount(null=True)
    high = _amount(null=True)
    low = _amount(null=True)
    trade_count = _number()


class Candle(_Answer):
    """What was traded in the stretch of time from ``start``."""

    start = _time()
    open = _amount(example="150.50")
    high = _amount(example="150.50")
    low = _amount(example="150.50")
    close = _amount(example="150.50")
    volume = _amount()
    vwap = _amount(example="150.50")
    trade_count = _number()


class Candles(_Answer):
    """Candles, oldest first."""

    symbol = _text()
    interval = _word(INTERVALS)
    candles = fields.List(fields.Nested(Candle), required=True)


class Position(_Answer):
    """What a user holds of a symbol, what it cost, and what closing parts of it earned; short is negative."""

    symbol = _text()
    net_quantity = _amount()
    average_price = _amount(null=True, example="150.50")
    total_cost = _amount(example="15050.00")
    realized_pnl = _amount(example="0.00")
    last_updated = _time()


class Positions(_Answer):
    """What a user holds, or held, by symbol."""

    user_id = _text()
    positions = fields.List(fields.Nested(Position), required=True)


class Session(_Answer):
    """Where an instrument's session is; ``reason`` if it went there by itself."""

    symbol = _text()
    state = _state()
    reason = _text(null=True)


class RiskLimits(_Answer):
    """The limits of a user in each symbol, null where there is none; ``is_own`` unless they are everybody's."""

    user_id = _text()
    is_own = fields.Boolean(required=True)
    is_enabled = fields.Boolean(required=True)
    max_order_quantity = _amount(null=True)
    max_order_notional = _amount(null=True)
    max_open_orders = fields.Integer(required=True, allow_none=True)
    max_position = _amount(null=True)


class User(_Answer):
    """Whether a user's orders are taken, and the orders that were canceled when they ceased to be."""

    user_id = _text()
    is_enabled = fields.Boolean(required=True)
    canceled = fields.List(fields.String(), required=True)


class Snapshot(_Answer):
    """A snapshot that was taken."""

    sequence = _number()
    state_hash = _text()
    journal_id = _text()
    taken_at = _time()


class Health(Schema):
    """The state of the service, and of each of its parts: ``ok`` or why not."""

    class Meta:
        """Each part has a field of its name."""

        unknown = INCLUDE

    status = _text()
