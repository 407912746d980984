"""Submits commands to the exchange, and reads their results from the events."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from order_engine.api.plumbing.problems import Problem
from order_engine.api.plumbing.refusals import refused, why_refused
from order_engine.api.plumbing.responses import REPLAYED_HEADER, SEQUENCE_HEADER
from order_engine.api.plumbing.routes import ParsedRequest
from order_engine.exchange.exchange import Exchange
from order_engine.exchange.rests import Rest
from order_engine.matching.commands import AmendOrder, CancelOrder, Command, PlaceOrder
from order_engine.matching.events import (
    AmendRejected,
    CancelRejected,
    Event,
    OrderEvent,
    OrderState,
    OrderStatus,
    TradeExecuted,
)
from order_engine.matching.instrument import Instrument
from order_engine.queries.cursors import trades_cursor
from order_engine.wire.messages.orders import OrderWithTrades
from order_engine.wire.rendering import Renderer, Sees

TRADES_SHOWN_MAX = 100


class Submission(NamedTuple):
    """Applied commands, the events of each, and the headers of the response."""

    commands: tuple[Command, ...]
    sequence: int
    timestamp_ns: int
    events: list[list[Event]]
    headers: dict[str, str]
    terms_of: Callable[[str], Instrument]
    sees: Sees
    rest: Rest | None

    def order(self, renderer: Renderer, index: int = 0) -> OrderWithTrades:
        """Render the order of a command as it stands after it, with the trades that the command made.

        Raises ``Problem`` if the rulebook refused the order.
        """
        state, trades = self._followed(index)
        if state.status is OrderStatus.REJECTED:
            assert state.reason is not None
            detail = why_refused(state.reason, state.placed, self.terms_of(state.placed.symbol))
            raise refused(state.reason, renderer.order(state, self.timestamp_ns), detail)
        sequence, timestamp_ns = self.sequence + index, self.timestamp_ns
        cursor = None
        if len(trades) > TRADES_SHOWN_MAX:
            trades = trades[-TRADES_SHOWN_MAX:]
            cursor = trades_cursor(sequence, _number_of(trades[0], self.events[index]))
        shown = [renderer.trade(trade, sequence, timestamp_ns, self.sees) for trade in trades]
        return renderer.order_with_trades(state, timestamp_ns, shown, cursor)

    def refusal(self, index: int = 0) -> AmendRejected | CancelRejected | None:
        """Return the event that refused an amend or a cancel; None if it was carried out."""
        for event in self.events[index]:
            if isinstance(event, AmendRejected | CancelRejected):
                return event
        return None

    def refused_change(self, event: AmendRejected | CancelRejected, index: int = 0) -> Problem:
        """Return the problem for a refused amend or cancel."""
        command, detail = self.commands[index], ""
        if isinstance(command, AmendOrder) and event.symbol is not None:
            detail = why_refused(event.reason, command, self.terms_of(event.symbol))
        return self.with_headers(refused(event.reason, detail=detail))

    def with_headers(self, problem: Problem) -> Problem:
        """Add the headers of a write to a refusal: refused commands are journaled too."""
        problem.headers.update(self.headers)
        return problem

    def _followed(self, index: int) -> tuple[OrderState, list[TradeExecuted]]:
        """Find the last state and the trades of a command's order.

        The events may include other orders: some that expired before it, some that it triggered.
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
        assert state is not None, "a command about an order has an event with its state"
        return state, trades


def _number_of(wanted: Event, events: Sequence[Event]) -> int:
    return next(number for number, event in enumerate(events) if event is wanted)


def submit(exchange: Exchange, commands: Sequence[Command], parsed: ParsedRequest) -> Submission:
    """Submit commands as one record of the journal; raises ``NotTheirOrder`` besides what the exchange raises."""
    caller = parsed.caller
    (record, events), is_replayed, rest = exchange.submit(commands, parsed.retry, caller.actor, caller.owner)
    headers = {SEQUENCE_HEADER: str(record.last_sequence)}
    if is_replayed:
        headers[REPLAYED_HEADER] = "true"
    return Submission(
        record.commands,
        record.sequence,
        record.timestamp_ns,
        events,
        headers,
        exchange.terms,
        caller.sees,
        rest,
    )


def _is_about(command: Command, order: OrderState, sequence: int) -> bool:
    if isinstance(command, PlaceOrder):
        return order.sequence == sequence
    assert isinstance(command, AmendOrder | CancelOrder)
    if command.order_id is not None:
        return order.order_id == command.order_id
    placed = order.placed
    return (placed.user_id, placed.client_order_id) == (command.user_id, command.client_order_id)
