"""Handing commands to the exchange, and reading what became of them."""

from collections.abc import Sequence

from order_engine.api.answers import REPLAYED_HEADER, SEQUENCE_HEADER
from order_engine.api.operation import Asked
from order_engine.api.problems import Content, Problem, refused
from order_engine.api.rendering import Renderer
from order_engine.matching.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    OrderEvent,
    OrderState,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.reason import Reason
from order_engine.service.exchange import Exchange


class Submission:
    """Commands that were carried out and are on disk, with the events of each."""

    def __init__(self, exchange: Exchange, commands: Sequence[Command], asked: Asked) -> None:
        answer = exchange.submit(commands, asked.retry, asked.caller.actor)
        self.applied = answer.applied
        record, self.events = answer.applied
        self.commands = record.commands
        self.sequence = record.sequence
        self.timestamp_ns = record.timestamp_ns
        self.headers = {SEQUENCE_HEADER: str(record.last_sequence)}
        if answer.replayed:
            self.headers[REPLAYED_HEADER] = "true"

    def order(self, renderer: Renderer, index: int = 0) -> Content:
        """Write the order that a command was about as the command left it, with the trades that it made.

        Raises the problem where the rulebook refused a new order.
        """
        state, trades = self._followed(index)
        order = renderer.order(state, self.timestamp_ns)
        if state.status is OrderStatus.REJECTED:
            assert state.reason is not None
            raise refused(state.reason, order)
        sequence = self.sequence + index
        order["trades"] = [renderer.trade(trade, sequence, self.timestamp_ns) for trade in trades]
        return order

    def refusal(self, index: int = 0) -> Reason | None:
        """Tell why an amend or a cancel was refused, if it was."""
        for event in self.events[index]:
            if isinstance(event, AmendRejected | CancelRejected):
                return event.reason
        return None

    def with_headers(self, problem: Problem) -> Problem:
        """Give a refusal what every answer to a write carries: a refusal is journaled too."""
        problem.headers.update(self.headers)
        return problem

    def _followed(self, index: int) -> tuple[OrderState, list[TradeExecuted]]:
        """Find the last state of the order that a command was about, and its trades.

        Others may have expired before it; others again, triggered by it, may have traded after it.
        """
        command = self.commands[index]
        state: OrderState | None = None
        trades: list[TradeExecuted] = []
        for event in self.events[index]:
            if isinstance(event, TradeExecuted):
                for side in (event.buy, event.sell):
                    if state is not None and side.sequence == state.sequence:
                        state = side
                        trades.append(event)
            elif isinstance(event, OrderEvent):
                order = event.order
                if order.sequence == state.sequence if state else _is_about(command, order, self.sequence + index):
                    state = order
        assert state is not None, "a command about an order says what became of it"
        return state, trades


def _is_about(command: Command, order: OrderState, sequence: int) -> bool:
    if isinstance(command, PlaceOrder):
        return order.sequence == sequence
    assert isinstance(command, AmendOrder | CancelOrder)
    if command.order_id is not None:
        return order.order_id == command.order_id
    placed = order.placed
    return (placed.user_id, placed.client_order_id) == (command.user_id, command.client_order_id)
