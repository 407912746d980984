"""Handing commands to the exchange, and reading what became of them."""

from collections.abc import Sequence

from order_engine.api.answers import REPLAYED_HEADER, SEQUENCE_HEADER
from order_engine.api.operation import Asked
from order_engine.api.problems import Content, refused
from order_engine.api.rendering import Renderer
from order_engine.matching.commands import Command
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderCanceled,
    OrderRejected,
    OrderState,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.reason import Reason
from order_engine.service.exchange import Exchange

_ORDER_EVENTS = (OrderAccepted, OrderRejected, OrderAmended, OrderCanceled)


class Submission:
    """Commands that were carried out and are on disk, with the events of each."""

    def __init__(self, exchange: Exchange, commands: Sequence[Command], asked: Asked) -> None:
        answer = exchange.submit(commands, asked.retry)
        self.applied = answer.applied
        record, self.events = answer.applied
        self.sequence = record.sequence
        self.timestamp_ns = record.timestamp_ns
        self.headers = {SEQUENCE_HEADER: str(record.last_sequence)}
        if answer.replayed:
            self.headers[REPLAYED_HEADER] = "true"

    def order(self, renderer: Renderer, index: int = 0) -> Content:
        """Write the order that a command was about as the command left it, with the trades that it made.

        Raises the problem where the rulebook refused a new order.
        """
        state, trades = _followed(self.events[index])
        order = renderer.order(state, self.timestamp_ns)
        if state.status is OrderStatus.REJECTED:
            assert state.reason is not None
            raise refused(state.reason, order)
        sequence = self.sequence + index
        order["trades"] = [renderer.trade(trade, sequence, self.timestamp_ns) for trade in trades]
        return order

    def refusal(self, index: int = 0) -> Reason | None:
        """Tell why an amend or a cancel was refused, if it was."""
        first = self.events[index][0]
        return first.reason if isinstance(first, AmendRejected | CancelRejected) else None


def _followed(events: Sequence[Event]) -> tuple[OrderState, list[TradeExecuted]]:
    """Find the order that a command named, its last state, and its trades."""
    state: OrderState | None = None
    trades: list[TradeExecuted] = []
    for event in events:
        if isinstance(event, TradeExecuted):
            if state is None:
                continue
            if event.taker.order_id == state.order_id:
                state = event.taker
                trades.append(event)
            elif event.maker.order_id == state.order_id:
                state = event.maker
                trades.append(event)
        elif isinstance(event, _ORDER_EVENTS) and (state is None or event.order.order_id == state.order_id):
            state = event.order
    assert state is not None, "a command about an order says what became of it"
    return state, trades
