"""What happens to each user's orders, for the connections on which users trade.

The exchange notes each record when it applies it; ``release`` shows those that have become durable. Those that the
start replayed are remembered too: after a crash they are what clients have missed. They are looked into, and become
messages, only when somebody gets them: every order passes here.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from operator import eq
from typing import NamedTuple

import msgspec

from order_engine.exchange.applied import Applied
from order_engine.feeds.channel import Channel, Client
from order_engine.feeds.frames import text_frame
from order_engine.feeds.history import History
from order_engine.matching.events import Event, OrderEvent, OrderState, TradeExecuted
from order_engine.wire.messages.feeds import OwnOrder, OwnTrade
from order_engine.wire.rendering import Renderer, sees_all

EVENTS_KEPT_MAX = 20_000

_encode = msgspec.json.Encoder().encode


class OwnEvent(NamedTuple):
    """An event as one of its orders' users sees it."""

    sequence: int
    timestamp_ns: int
    event: OrderEvent | TradeExecuted
    order: OrderState


class OwnEvents:
    """The newest events of all users, and the connections that get them as they happen.

    While ``hides_ids``, trades have no ids of orders of other users.
    """

    def __init__(
        self, renderer: Renderer, begins_after: Callable[[], int], hides_ids: Callable[[], bool] = lambda: False
    ) -> None:
        self._renderer = renderer
        self._hides_ids = hides_ids
        self._begins_after = begins_after
        self._noted: deque[Applied] = deque()
        self._recent: deque[Applied] = deque()
        self._kept = 0
        self._sequence = self._forgotten_sequence = 0
        # Of users with a connection:
        self._histories: dict[str, History[OwnEvent]] = {}
        self._channels: dict[str, Channel] = {}

    def remember(self, applied: Applied) -> None:
        """Keep a record from before the start, in order, before there are connections."""
        self._sequence = applied.record.last_sequence
        self._keep(applied)

    def note(self, applied: Applied) -> None:
        """Keep a record until it is durable; may be called in any thread."""
        self._noted.append(applied)

    def release(self, visible_sequence: int, now: float) -> None:
        """Take over and send what is durable."""
        self._sequence = visible_sequence
        stirred: dict[Channel, None] = {}
        while self._noted and self._noted[0].record.last_sequence <= visible_sequence:
            applied = self._noted.popleft()
            if self._channels:
                stirred |= self._show(applied)
            self._keep(applied)
        for channel in stirred:
            channel.flush(visible_sequence, now)

    def join(self, client: Client, user_id: str, since: int | None, now: float) -> None:
        """Begin to send a user's events: those after ``since``, then those to come."""
        if user_id not in self._channels:
            history = self._histories[user_id] = self._history_of(user_id)
            self._channels[user_id] = Channel(history, self._sequence, now)
        self._channels[user_id].join(client, since)

    def resume(self, user_id: str, now: float) -> None:
        """Send those who read again what they have missed."""
        self._channels[user_id].flush(self._sequence, now)

    def is_behind(self, client: Client, user_id: str) -> bool:
        """Return whether a connection has not yet been sent everything that its user has missed."""
        return self._channels[user_id].is_behind(client)

    def leave(self, client: Client, user_id: str) -> None:
        """Forget a connection."""
        channel = self._channels[user_id]
        channel.leave(client)
        if not channel:
            del self._channels[user_id], self._histories[user_id]

    def _show(self, applied: Applied) -> dict[Channel, None]:
        """Add a record's events to the channels of their users; return these channels."""
        stirred: dict[Channel, None] = {}
        for user_id, own in _own_events(applied):
            channel = self._channels.get(user_id)
            if channel is not None:
                self._histories[user_id].add(own.sequence, own)
                channel.add([self._render(own)])
                stirred[channel] = None
        return stirred

    def _keep(self, applied: Applied) -> None:
        self._recent.append(applied)
        self._kept += _count(applied)
        while self._kept > EVENTS_KEPT_MAX:
            self._forget(self._recent.popleft())

    def _forget(self, oldest: Applied) -> None:
        self._kept -= _count(oldest)
        self._forgotten_sequence = oldest.record.last_sequence
        if self._histories:
            for user_id, _ in _own_events(oldest):
                history = self._histories.get(user_id)
                if history is not None:
                    history.forget_first()

    def _history_of(self, user_id: str) -> History[OwnEvent]:
        forgotten_sequence = max(self._begins_after(), self._forgotten_sequence)
        history = History[OwnEvent](forgotten_sequence, lambda: self._sequence, self._render)
        for applied in self._recent:
            for owner, own in _own_events(applied):
                if owner == user_id:
                    history.add(own.sequence, own)
        return history

    def _render(self, own: OwnEvent) -> bytes:
        order = self._renderer.order(own.order, own.timestamp_ns)
        event = own.event
        if isinstance(event, TradeExecuted):
            sees = partial(eq, own.order.placed.user_id) if self._hides_ids() else sees_all
            trade = self._renderer.trade(event, own.sequence, own.timestamp_ns, sees)
            liquidity = None if event.taker_side is None else _liquidity(event, own.order)
            return text_frame(_encode(OwnTrade(own.sequence, liquidity, trade, order)))
        name: str = type(event).__struct_config__.tag  # type: ignore[assignment]  # each event has one, a string
        return text_frame(_encode(OwnOrder(name, own.sequence, order)))


def _count(applied: Applied) -> int:
    return sum(map(len, applied.events))


def _liquidity(trade: TradeExecuted, order: OrderState) -> str:
    return "TAKER" if trade.taker is order else "MAKER"


def _own_events(applied: Applied) -> Iterator[tuple[str, OwnEvent]]:
    record = applied.record
    for place, events in enumerate(applied.events):
        for event in events:
            for order in _orders_of(event):
                user_id = order.placed.user_id
                if user_id is not None:
                    yield user_id, OwnEvent(record.sequence + place, record.timestamp_ns, event, order)  # type: ignore[arg-type]  # those with orders


def _orders_of(event: Event) -> tuple[OrderState, ...]:
    if isinstance(event, TradeExecuted):
        return (event.buy, event.sell)
    return (event.order,) if isinstance(event, OrderEvent) else ()
