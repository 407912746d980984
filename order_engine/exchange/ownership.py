"""Whose orders commands are about, for callers who may act for one user only."""

from collections.abc import Iterable

from order_engine.exchange.errors import NotTheirOrder
from order_engine.matching.commands import AmendOrder, CancelOrder, Command
from order_engine.matching.engine import MatchingEngine


def require_own(engine: MatchingEngine, commands: Iterable[Command], owner: str) -> None:
    """Raise ``NotTheirOrder`` unless each command is about a live order of ``owner``, or names that user itself."""
    for command in commands:
        if isinstance(command, AmendOrder | CancelOrder) and command.order_id is not None:
            order = engine.live.named_by(command)
            user_id = None if order is None else order.placed.user_id
        else:
            user_id = getattr(command, "user_id", None)
        if user_id != owner:
            raise NotTheirOrder("No live order of this user has this id.")
