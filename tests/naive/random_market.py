"""What a random stream believes about its market: the prices, the steps and the session."""

from random import Random

from order_engine.matching.commands import SessionState, Side

ONE_E8 = 100_000_000
CENT_E8 = 1_000_000
SYMBOLS = ("AAA", "BBB", "CCC", "DDD")
SYMBOL_WEIGHTS = (45, 30, 20, 5)
MID_E8 = 10 * ONE_E8
SESSIONS = (SessionState.PRE_OPEN, SessionState.PRE_OPEN, SessionState.HALTED, SessionState.CLOSED)


class RandomMarket:
    """Prices wander around 10.00; a stream is calm or wild, of few sizes or many."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        # Patient streams have long queues, impatient ones empty sides.
        self._patience = chance.random()
        self._spread_ticks = chance.randint(1, 8)
        # Few sizes make for ties in the auctions.
        self.size_max = chance.choice((2, 4, 20, 20))
        self._mid_e8 = dict.fromkeys(SYMBOLS, MID_E8)
        self._ticks_e8 = dict.fromkeys(SYMBOLS, CENT_E8)
        self._lots_e8 = dict.fromkeys(SYMBOLS, 1)
        self._states = dict.fromkeys(SYMBOLS, SessionState.OPEN)

    def symbol(self) -> str:
        """Choose a symbol, the first most often."""
        return self._chance.choices(SYMBOLS, SYMBOL_WEIGHTS)[0]

    def note_steps(self, symbol: str, tick_e8: int | None, lot_e8: int | None) -> None:
        """Use the new steps, and sometimes the old ones, so that tick and lot are refused."""
        if self._chance.random() < 0.85:
            self._ticks_e8[symbol] = tick_e8 or self._ticks_e8[symbol]
            self._lots_e8[symbol] = lot_e8 or self._lots_e8[symbol]

    def mid_price(self, symbol: str) -> int:
        """Return the middle of the prices."""
        return self._mid_e8[symbol]

    def next_state(self, symbol: str) -> SessionState:
        """Choose a state: mostly OPEN, which also ends a halt unknown to the stream."""
        if self._states[symbol] is SessionState.OPEN:
            choices: tuple[SessionState, ...] = (SessionState.OPEN,) * 7 + SESSIONS
        else:
            choices = (SessionState.OPEN,) * 6 + SESSIONS[1:]
        self._states[symbol] = self._chance.choice(choices)
        return self._states[symbol]

    def state(self, symbol: str) -> SessionState:
        """Return the state that the stream itself set last."""
        return self._states[symbol]

    def call(self, symbol: str) -> SessionState:
        """Choose the call phase."""
        self._states[symbol] = SessionState.PRE_OPEN
        return SessionState.PRE_OPEN

    def price(self, symbol: str, side: Side | None) -> int:
        """Choose a price: a patient one stays on its side, except in a call, where it may cross."""
        chance, away_ticks = self._chance, self._chance.randint(-self._spread_ticks, self._spread_ticks)
        if chance.random() < 0.1:
            drifted_e8 = self._mid_e8[symbol] + chance.choice((-2, -1, 1, 2)) * CENT_E8
            self._mid_e8[symbol] = min(max(drifted_e8, MID_E8 - 40 * CENT_E8), MID_E8 + 40 * CENT_E8)
        if side is not None and self._states[symbol] is SessionState.OPEN and chance.random() < self._patience:
            away_ticks = -abs(away_ticks) if side is Side.BUY else abs(away_ticks)
        return self._priced(symbol, away_ticks)

    def stop_price(self, symbol: str, side: Side) -> int:
        """Choose a stop: beyond the market for its side, sometimes already through."""
        away_ticks = self._chance.randint(-1, self._spread_ticks)
        return self._priced(symbol, away_ticks if side is Side.BUY else -away_ticks)

    def trail_amount(self, symbol: str) -> int:
        """Choose the distance of a trailing stop."""
        wrong = self._chance.random() < 0.02
        return self._chance.randint(1, 1 + self._spread_ticks) * self._ticks_e8[symbol] + wrong

    def quantity(self, symbol: str) -> int:
        """Choose a quantity; sometimes no multiple of the lot, or a very large one."""
        chance, steps_e8 = self._chance, max(self._lots_e8[symbol], ONE_E8)
        most = self.size_max * 4 if chance.random() < 0.05 else self.size_max
        return chance.randint(1, most) * steps_e8 + (chance.random() < 0.05)

    def display_quantity(self, symbol: str, quantity_e8: int | None) -> int:
        """Choose what an iceberg shows; an amend without a total may show more than it."""
        most = self.size_max if quantity_e8 is None else min(self.size_max, quantity_e8 // ONE_E8)
        display_e8 = self._chance.randint(1, max(1, most // self._chance.choice((1, 3)))) * ONE_E8
        return display_e8 + (self._chance.random() < 0.1) if quantity_e8 is None else min(display_e8, quantity_e8)

    def _priced(self, symbol: str, away_ticks: int) -> int:
        tick_e8 = self._ticks_e8[symbol]
        ticks = self._mid_e8[symbol] // tick_e8 + away_ticks
        return ticks * tick_e8 + (self._chance.random() < 0.015)
