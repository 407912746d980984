"""When live orders last changed, so that the newest changes are known without the database.

This is a cache and not part of the state: changes before a restart, and older ones, are found in the database.
"""

from order_engine.exchange.applied import Applied
from order_engine.matching.events import OrderAmended, OrderDecremented, OrderState, OrderTriggered, TradeExecuted

KEPT_MAX = 20_000

_CHANGES = frozenset({OrderAmended, OrderDecremented, OrderTriggered})


class RecentChanges:
    """The newest ``kept_max`` changes of orders that stayed live. All changes after ``known_after_ns`` are known."""

    def __init__(self, known_after_ns: int, kept_max: int = KEPT_MAX) -> None:
        self._known_after_ns = known_after_ns
        self._kept_max = kept_max
        self._changed_ns: dict[str, int] = {}

    def updated_ns(self, state: OrderState) -> int | None:
        """Return when a live order last changed; None if that is not known."""
        changed_ns = self._changed_ns.get(state.order_id)
        # An older change may belong to an earlier order with the same id.
        if changed_ns is not None and changed_ns >= state.timestamp_ns:
            return changed_ns
        return state.timestamp_ns if state.timestamp_ns > self._known_after_ns else None

    def note(self, applied: Applied) -> None:
        """Note the changes that a record made."""
        timestamp_ns = applied.record.timestamp_ns
        for events in applied.events:
            for event in events:
                kind = type(event)
                if kind is TradeExecuted:
                    self._note_trade(event, timestamp_ns)  # type: ignore[arg-type]  # its type is compared above
                elif kind in _CHANGES:
                    self._note_change(event.order, timestamp_ns)  # type: ignore[union-attr]  # these have an order

    def _note_trade(self, trade: TradeExecuted, timestamp_ns: int) -> None:
        if trade.buy.remaining_e8:
            self._note_change(trade.buy, timestamp_ns)
        if trade.sell.remaining_e8:
            self._note_change(trade.sell, timestamp_ns)

    def _note_change(self, state: OrderState, timestamp_ns: int) -> None:
        changed_ns = self._changed_ns
        # Remove it first, so that the dictionary stays in order of time.
        changed_ns.pop(state.order_id, None)
        changed_ns[state.order_id] = timestamp_ns
        if len(changed_ns) > self._kept_max:
            self._known_after_ns = changed_ns.pop(next(iter(changed_ns)))
