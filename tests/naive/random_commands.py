"""Seeded command streams with every kind of command, order and instruction, valid and invalid."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from order_engine.matching.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    Continue,
    DelistInstrument,
    DisableUser,
    EnableUser,
    ExpireDue,
    OrderType,
    PlaceOrder,
    SelfTradePrevention,
    SessionState,
    SetInstrument,
    SetRiskLimits,
    SetState,
    SettleInstrument,
    Side,
)
from tests.naive.random_auctions import random_call
from tests.naive.random_cascades import random_cascade
from tests.naive.random_market import CENT_E8, MID_E8, ONE_E8, SYMBOLS, RandomMarket
from tests.naive.random_orders import USERS, RandomOrders

REMEMBERED_MAX = 30
PERCENT_E8 = ONE_E8


@dataclass(frozen=True)
class Step:
    """A command with its sequence and time."""

    command: Command
    sequence: int
    timestamp_ns: int


Name = TypeVar("Name")


class RandomCommands:
    """Makes streams from a seed. It knows the commands that it made, not their outcome."""

    def __init__(self, seed: int) -> None:
        self._chance = chance = Random(seed)
        self._market = RandomMarket(chance)
        self._orders = RandomOrders(chance, self._market)
        self._script: list[Command] = []
        self._sequence = 0
        self._timestamp_ns = chance.randrange(10**18)
        self._order_ids: list[str] = ["nobody's"]
        self._client_ids: list[tuple[str, str]] = [("ann", "nothing")]
        # Some streams have no protections, some no limits, and some long sessions.
        self._protects = chance.random() < 0.7
        self._limits = chance.random() < 0.6
        self._calls_first = chance.random() < 0.4
        # Old journals have no bounds.
        self._is_bounded = chance.random() < 0.5
        # Its own chance, so that the rest of a stream stays what it was.
        self._endings_chance = Random(f"endings of {seed}")
        self._begun_by = 0
        self._everybody_chance = Random(f"everybody of {seed}")
        self._stops_everybody = self._everybody_chance.random() < 0.3
        self._terms_chance = Random(f"terms of {seed}")
        self._has_limits = self._terms_chance.random() < 0.2
        self._settles = self._terms_chance.random() < 0.25
        kinds = {
            self._place: 560,
            self._amend: 180,
            self._cancel: 60,
            self._cancel_all: 50 if self._is_bounded else 15,
            self._set_state: chance.choice((12, 60)),
            self._set_state_again: 40,
            self._set_instrument: 22,
            self._set_risk_limits: 30 if self._limits else 0,
            self._disable: 1,
            self._enable: 15,
            self._expire_due: 10,
            self._configure: 8,
            self._continue: 8,
            self._begin_call: 36,
            self._begin_cascade: 32 if self._is_bounded else 1,
        }
        self._kinds, self._weights = list(kinds), list(kinds.values())

    def steps(self, count: int) -> Iterator[Step]:
        """Yield that many commands; sequences may skip, time may stand still."""
        for _ in range(count):
            self._sequence += 1 if self._chance.random() < 0.95 else self._chance.randint(1, 5)
            self._timestamp_ns += self._chance.choice((0, 0, 500, 1_000))
            command = self._command()
            yield Step(command, self._sequence, self._timestamp_ns)
            if isinstance(command, CancelAll | DisableUser | SetState):
                self._begun_by = self._sequence
            if self._is_bounded and self._endings_chance.random() < 0.03:
                yield from self._go_on_with_endings()
            if self._stops_everybody and self._everybody_chance.random() < 0.006:
                yield from self._stop_everybody()
            if self._settles and self._terms_chance.random() < 0.005:
                yield from self._settle_or_delist()
            if self._has_limits and self._terms_chance.random() < 0.03:
                yield from self._bound_instrument()

    def _command(self) -> Command:
        if self._sequence == 1 and self._chance.random() < (0.8 if self._is_bounded else 0.3):
            return self._configure()
        if self._calls_first and self._sequence <= 5:
            symbol = self._market.symbol()
            return SetState(symbol=symbol, state=self._market.call(symbol))
        if self._script and self._chance.random() < 0.7:
            return self._script.pop(0)
        kind = self._chance.choices(self._kinds, self._weights)[0]
        return kind()

    def _begin_call(self) -> Command:
        self._script += random_call(self._chance)
        return self._script.pop(0)

    def _begin_cascade(self) -> Command:
        self._script += random_cascade(self._chance)
        return self._script.pop(0)

    def _place(self) -> Command:
        chance = self._chance
        user_id = chance.choice(USERS)
        client_order_id = f"c{chance.randrange(60)}" if chance.random() < 0.3 else None
        order_id = self._orders.order_id(self._sequence, self._order_ids)
        placed = self._orders.place(self._timestamp_ns, user_id, client_order_id, order_id)
        if self._orders.may_stay(placed) or chance.random() < 0.1:
            self._order_ids = [*self._order_ids[-REMEMBERED_MAX:], order_id or str(self._sequence)]
            if user_id is not None and client_order_id is not None:
                self._client_ids = [*self._client_ids[-REMEMBERED_MAX:], (user_id, client_order_id)]
        return placed

    def _recent(self, ids: list[Name]) -> Name:
        back = min(self._chance.randrange(len(ids)) for _ in range(3))
        return ids[-1 - back]

    def _amend(self) -> Command:
        chance = self._chance
        symbol = self._market.symbol()
        order_id, user_id, client_order_id = None, None, None
        if chance.random() < 0.15:
            user_id, client_order_id = self._recent(self._client_ids)
        else:
            order_id = self._recent(self._order_ids)
        terms = self._orders.new_terms(order_id, symbol)
        named_symbol = symbol if chance.random() < 0.05 else None
        return AmendOrder(
            order_id=order_id, user_id=user_id, client_order_id=client_order_id, symbol=named_symbol, **terms
        )

    def _cancel(self) -> Command:
        chance = self._chance
        symbol = self._market.symbol() if chance.random() < 0.1 else None
        if chance.random() < 0.25:
            user_id, client_order_id = self._recent(self._client_ids)
            return CancelOrder(user_id=user_id, client_order_id=client_order_id, symbol=symbol)
        order_id = self._recent(self._order_ids)
        return CancelOrder(order_id=order_id, symbol=symbol, on_disconnect=chance.random() < 0.1)

    def _cancel_all(self) -> Command:
        chance = self._chance
        return CancelAll(
            user_id=chance.choice(("ann", "bob", "cat", "dan")),
            symbol=chance.choice((*SYMBOLS, None, None, None)),
            side=chance.choice((Side.BUY, Side.SELL, None)),
        )

    def _set_state(self) -> Command:
        symbol = self._market.symbol()
        return SetState(symbol=symbol, state=self._market.next_state(symbol))

    def _set_state_again(self) -> Command:
        """Set the state that the stream believes in: it ends a halt of the circuit breaker, or does nothing."""
        symbol = self._market.symbol()
        return SetState(symbol=symbol, state=self._market.state(symbol))

    def _set_instrument(self) -> Command:
        chance, market = self._chance, self._market
        symbol = market.symbol()
        tick_e8, lot_e8 = chance.choice((None, None, CENT_E8, 5 * CENT_E8)), chance.choice((None, None, 1, CENT_E8))
        market.note_steps(symbol, tick_e8, lot_e8)
        band_e8, breaker_e8 = None, None
        if self._protects:
            band_e8 = chance.choice((None, 0, PERCENT_E8 * 3 // 10, PERCENT_E8 // 2, PERCENT_E8))
            breaker_e8 = chance.choice((None, 0, PERCENT_E8 // 5, PERCENT_E8 // 2, PERCENT_E8))
        return SetInstrument(
            symbol=symbol,
            tick_size_e8=tick_e8,
            lot_size_e8=lot_e8,
            price_band_percent_e8=band_e8,
            circuit_breaker_percent_e8=breaker_e8,
            reference_price_e8=chance.choice((None, market.price(symbol, None))),
            self_trade_prevention=chance.choice((None, None, *SelfTradePrevention)),
        )

    def _settle_or_delist(self) -> Iterator[Step]:
        """Settle an instrument, seldom one that trades much, and try what that forbids; or delist one."""
        chance = self._terms_chance
        symbol = chance.choices((*SYMBOLS, "EEE"), (2, 3, 4, 3, 3))[0]
        settle = SettleInstrument(symbol=symbol, price_e8=chance.choice((0, MID_E8, 1)))
        after: list[Command] = [
            settle,
            SetState(symbol=symbol, state=chance.choice(list(SessionState))),
            SetInstrument(symbol=symbol, tick_size_e8=CENT_E8),
            PlaceOrder(symbol=symbol, side=Side.BUY, quantity_e8=ONE_E8, price_e8=MID_E8, user_id="ann"),
            Continue(begun_by=self._sequence + 1),
            AmendOrder(order_id=chance.choice(self._order_ids[-5:]), quantity_e8=ONE_E8),
        ]
        if chance.random() < 0.4:
            first = SetState(symbol=symbol, state=chance.choice(list(SessionState)))
            commands: list[Command] = [first, settle, *chance.sample(after, 4)]
        else:
            call = SetState(symbol=symbol, state=SessionState.PRE_OPEN)
            stop = PlaceOrder(
                symbol=symbol,
                side=Side.BUY,
                quantity_e8=ONE_E8,
                order_type=OrderType.STOP,
                stop_price_e8=2 * MID_E8,
                user_id="cat",
            )
            commands = [
                chance.choice((call, stop)),
                *[DelistInstrument(symbol=symbol)] * 2,
                SetInstrument(symbol=symbol),
                *chance.sample(after[1:], 2),
            ]
        for command in commands:
            self._sequence += 1
            yield Step(command, self._sequence, self._timestamp_ns)

    def _bound_instrument(self) -> Iterator[Step]:
        """Set limits near the market, and take others away, so that they are seldom in the way for long."""
        chance, size, symbol = self._terms_chance, self._market.size_max, self._terms_chance.choice(SYMBOLS[:3])
        mid_e8 = self._market.mid_price(symbol)
        limits = {
            "min_price_e8": mid_e8 + chance.randint(-6, 3) * CENT_E8,
            "max_price_e8": mid_e8 + chance.randint(-3, 6) * CENT_E8,
            "min_quantity_e8": chance.randint(1, 1 + size // 4) * ONE_E8,
            "max_quantity_e8": chance.randint(size // 2, size) * ONE_E8,
            "min_notional_e8": chance.randint(1, 1 + size // 4) * MID_E8,
        }
        named = chance.sample(sorted(limits), chance.choice((0, 1, 1, 2)))
        self._sequence += 1
        others = [*limits, "reference_price_e8", "self_trade_prevention", "price_band_percent_e8", "name", "schedule"]
        command = SetInstrument(
            symbol=symbol,
            name=chance.choice((None, None, "A name")),
            cleared=tuple(sorted(chance.sample(others, chance.choice((0, 3, 6))))),
            **{name: limits[name] for name in named},
        )
        yield Step(command, self._sequence, self._timestamp_ns)
        for _ in range(chance.choice((0, 2))):
            self._sequence += 1
            yield Step(self._amend_one_term(mid_e8), self._sequence, self._timestamp_ns)

    def _amend_one_term(self, mid_e8: int) -> AmendOrder:
        chance = self._terms_chance
        quantity_e8 = chance.randint(1, self._market.size_max) * ONE_E8
        kept = self._orders.named_with_price(chance)
        if kept is not None and chance.random() < 0.4:
            order_id, price_e8 = kept
            return AmendOrder(order_id=order_id, price_e8=price_e8, quantity_e8=quantity_e8)
        order_id = chance.choice(self._order_ids[-10:])
        if chance.random() < 0.5:
            return AmendOrder(order_id=order_id, quantity_e8=quantity_e8)
        return AmendOrder(order_id=order_id, price_e8=mid_e8 + chance.randint(-2, 2) * CENT_E8)

    def _set_risk_limits(self) -> Command:
        chance = self._chance
        if chance.random() < 0.3:
            return SetRiskLimits(user_id=chance.choice(("ann", "bob", "cat", "*")))
        size = self._market.size_max
        return SetRiskLimits(
            user_id=chance.choice(("ann", "bob", "cat", "*")),
            max_order_quantity_e8=chance.choice((None, size * ONE_E8, size * ONE_E8 // 2)),
            max_order_notional_e8=chance.choice((None, size * 1_000 * CENT_E8, size * 500 * CENT_E8)),
            max_open_orders=chance.choice((None, None, 2, 4, 6)),
            max_position_e8=chance.choice((None, size * ONE_E8, 2 * size * ONE_E8, 4 * size * ONE_E8)),
        )

    def _disable(self) -> Command:
        return DisableUser(user_id=self._chance.choice(("ann", "bob", "cat", "dan")))

    def _enable(self) -> Command:
        return EnableUser(user_id=self._chance.choice(("ann", "bob", "cat", "dan")))

    def _expire_due(self) -> Command:
        return ExpireDue()

    def _configure(self) -> Command:
        chance = self._chance
        return Configure(
            default_tick_size_e8=chance.choice((CENT_E8, CENT_E8, CENT_E8, 5 * CENT_E8)),
            default_lot_size_e8=chance.choice((1, 1, ONE_E8)),
            auto_list=chance.random() < 0.6,
            max_instruments=chance.choice((2, 2, 3, 3, 100) if self._is_bounded else (2, 3, 100, 100)),
            self_trade_prevention=chance.choice((SelfTradePrevention.NONE, *SelfTradePrevention)),
            **(self._bounds() if self._is_bounded else {}),
        )

    def _bounds(self) -> dict[str, Any]:  # Any: numbers and a flag
        chance = self._chance
        return {
            "trades_max": chance.choice((1, 1, 2, 3, 5)),
            "iceberg_slices_max": chance.choice((2, 5, 100)),
            "max_live_orders": chance.choice((8, 20, 1_000, 1_000)),
            "admins_list_beyond_max": chance.random() < 0.7,
            "endings_max": self._endings_chance.choice((1, 1, 2, 3, 1_000)),
            "everybody_can_be_disabled": self._everybody_chance.random() < 0.8,
        }

    def _go_on_with_endings(self) -> Iterator[Step]:
        """Go on with what a command left, or let so much time pass that several orders are due at once."""
        self._sequence += 1
        if self._endings_chance.random() < 0.7:
            yield Step(Continue(begun_by=self._begun_by), self._sequence, self._timestamp_ns)
        else:
            self._timestamp_ns += 20_000
            yield Step(ExpireDue(), self._sequence, self._timestamp_ns)

    def _stop_everybody(self) -> Iterator[Step]:
        """Disable everybody, give some commands that this stops or does not, and enable everybody."""
        chance = self._everybody_chance
        self._sequence += 1
        self._begun_by = self._sequence
        yield Step(DisableUser(user_id="*"), self._sequence, self._timestamp_ns)
        user_id, order_id = chance.choice(("ann", "bob", "cat")), chance.choice(self._order_ids[-5:])
        place = PlaceOrder(
            symbol=chance.choice(SYMBOLS),
            side=chance.choice((Side.BUY, Side.SELL)),
            quantity_e8=ONE_E8,
            price_e8=MID_E8,
            user_id=chance.choice(USERS),
        )
        meanwhile: list[Command] = [
            place,
            AmendOrder(order_id=order_id, quantity_e8=ONE_E8),
            CancelOrder(order_id=order_id),
            DisableUser(user_id=user_id),
            EnableUser(user_id=user_id),
            SetRiskLimits(user_id=user_id),
            Continue(begun_by=self._begun_by),
        ]
        first = AmendOrder(order_id=chance.choice(self._order_ids[-5:]), quantity_e8=2 * ONE_E8)
        for command in (first, *chance.sample(meanwhile, 4), EnableUser(user_id="*")):
            self._sequence += 1
            yield Step(command, self._sequence, self._timestamp_ns)

    def _continue(self) -> Command:
        return Continue(symbol=self._market.symbol())
