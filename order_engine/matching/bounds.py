"""Bounds: how much one record may do, and how much the exchange holds. See the rulebook, Bounds.

The settings of an older journal lack newer bounds, so it replays as it happened.
"""

from typing import NamedTuple

from msgspec import UnsetType

from order_engine.matching.commands import Configure

UNBOUNDED = (1 << 30) - 1
"""More than any command can do. CPython compares integers below 2^30 several times as fast as larger ones."""
UNBOUNDED_SLICES = 1 << 62
TRADES_MAX = 10_000
"""Today's bound of a record: how many trades and prevented self-trades it may make."""
ENDINGS_MAX = 10_000
"""Today's bound of a command: how many orders it may cancel or expire together."""
ICEBERG_SLICES_MAX = 100
"""Today's bound of an iceberg: at least this fraction of it shows."""
SLICES_BEFORE = 10_000
"""How many slices an amended iceberg could have before that was a setting; a new one was held to it by its form."""


class Bounds(NamedTuple):
    """The bounds of an engine. A step is a trade, or a self-trade that is prevented."""

    steps_max: int = UNBOUNDED
    endings_max: int = UNBOUNDED
    slices_max: int = UNBOUNDED_SLICES
    amended_slices_max: int = SLICES_BEFORE
    live_orders_max: int = UNBOUNDED

    @staticmethod
    def of(settings: Configure) -> "Bounds":
        """Read the bounds in settings."""
        slices_max = settings.iceberg_slices_max
        return Bounds(
            steps_max=_bound(settings.trades_max),
            endings_max=_bound(settings.endings_max),
            slices_max=_bound(slices_max, UNBOUNDED_SLICES),
            amended_slices_max=SLICES_BEFORE if isinstance(slices_max, UnsetType) else slices_max,
            live_orders_max=_bound(settings.max_live_orders),
        )


def _bound(setting: int | UnsetType, unbounded: int = UNBOUNDED) -> int:
    return unbounded if isinstance(setting, UnsetType) else setting
