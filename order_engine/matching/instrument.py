"""An instrument: what is traded, the steps in which its price and quantity move, and what protects it."""

from typing import TypeVar

from msgspec import Struct

from order_engine.matching.commands import ScheduledState, SelfTradePrevention, SetInstrument

Term = TypeVar("Term")


class Instrument(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """``tick_size_e8`` and ``lot_size_e8`` are the smallest steps of price and quantity, in units of 10^-8.

    Percentages are in units of 10^-8 too; 0 means none. ``reference_price_e8`` stands in for the last price until
    something trades. Without ``self_trade_prevention`` the configured default governs.
    """

    symbol: str
    tick_size_e8: int
    lot_size_e8: int
    price_band_percent_e8: int = 0
    circuit_breaker_percent_e8: int = 0
    reference_price_e8: int | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    schedule: tuple[ScheduledState, ...] = ()

    def changed_by(self, command: SetInstrument) -> "Instrument":
        """Return the instrument with the terms that a command names, the others as they are."""
        return Instrument(
            symbol=self.symbol,
            tick_size_e8=_new(command.tick_size_e8, self.tick_size_e8),
            lot_size_e8=_new(command.lot_size_e8, self.lot_size_e8),
            price_band_percent_e8=_new(command.price_band_percent_e8, self.price_band_percent_e8),
            circuit_breaker_percent_e8=_new(command.circuit_breaker_percent_e8, self.circuit_breaker_percent_e8),
            reference_price_e8=_new(command.reference_price_e8, self.reference_price_e8),
            self_trade_prevention=_new(command.self_trade_prevention, self.self_trade_prevention),
            schedule=_new(command.schedule, self.schedule),
        )

    def has_steps_of(self, other: "Instrument") -> bool:
        """Whether prices and quantities move in the same steps."""
        return self.tick_size_e8 == other.tick_size_e8 and self.lot_size_e8 == other.lot_size_e8


def _new(named: Term | None, present: Term) -> Term:
    return present if named is None else named
