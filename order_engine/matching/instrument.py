"""An instrument: what is traded, the steps in which its price and quantity move, and what protects it."""

from typing import TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from order_engine.matching.commands import ScheduledState, SelfTradePrevention, SetInstrument

Term = TypeVar("Term")


class Instrument(Struct, frozen=True, kw_only=True, gc=False, forbid_unknown_fields=True):
    """``tick_size_e8`` and ``lot_size_e8`` are the smallest steps of price and quantity, in units of 10^-8.

    Percentages are in units of 10^-8 too; 0 means none. ``reference_price_e8`` stands in for the last price until
    something trades. Without ``self_trade_prevention`` the configured default governs.

    A field that may be unset is newer than the first journals, whose states are dumped without it.
    """

    symbol: str
    tick_size_e8: int
    lot_size_e8: int
    price_band_percent_e8: int = 0
    circuit_breaker_percent_e8: int = 0
    reference_price_e8: int | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    schedule: tuple[ScheduledState, ...] = ()

    name: str | UnsetType = UNSET
    base: str | UnsetType = UNSET
    quote: str | UnsetType = UNSET
    min_price_e8: int | UnsetType = UNSET
    max_price_e8: int | UnsetType = UNSET
    min_quantity_e8: int | UnsetType = UNSET
    max_quantity_e8: int | UnsetType = UNSET
    min_notional_e8: int | UnsetType = UNSET
    settlement_price_e8: int | UnsetType = UNSET

    def changed_by(self, command: SetInstrument) -> "Instrument":
        """Return the instrument with the terms that a command names; of the others, the cleared ones are defaults."""
        named = {name: getattr(command, name) for name in _TERMS if getattr(command, name) is not None}
        return structs.replace(self, **{name: _DEFAULTS[name] for name in command.cleared} | named)

    @property
    def is_settled(self) -> bool:
        """Whether its positions have ended, and it stays closed for good."""
        return self.settlement_price_e8 is not UNSET

    @property
    def has_limits(self) -> bool:
        """Whether it bounds price, quantity or notional."""
        return any(getattr(self, name) is not UNSET for name in _LIMITS)

    @property
    def limits_contradict(self) -> bool:
        """Whether a minimum is above its maximum, so that every order would be refused."""
        return _is_above(self.min_price_e8, self.max_price_e8) or _is_above(self.min_quantity_e8, self.max_quantity_e8)

    def has_steps_of(self, other: "Instrument") -> bool:
        """Whether prices and quantities move in the same steps."""
        return self.tick_size_e8 == other.tick_size_e8 and self.lot_size_e8 == other.lot_size_e8


def or_none(term: Term | UnsetType) -> Term | None:
    """Return a term, or None where it is unset."""
    return None if term is UNSET else term


def _is_above(minimum: int | UnsetType, maximum: int | UnsetType) -> bool:
    return minimum is not UNSET and maximum is not UNSET and minimum > maximum


_TERMS = tuple(name for name in SetInstrument.__struct_fields__ if name not in ("symbol", "cleared"))
_LIMITS = tuple(name for name in _TERMS if name.startswith(("min_", "max_")))
_DEFAULTS = {term.name: term.default for term in structs.fields(Instrument) if not term.required}
