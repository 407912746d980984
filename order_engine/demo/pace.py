"""When each market has its next turn: the markets take turns as their kinds say, faster with more speed."""

import heapq
import time
from collections.abc import Callable, Sequence
from itertools import count

from order_engine.demo.connections import Connection
from order_engine.demo.traders import Traders

MS_PER_SECOND = 1_000
SPEED_MAX = 100


class MarketPace:
    """Gives the traders their turns, one after the other, until it is told to stop."""

    def __init__(self, markets: Sequence[tuple[Traders, int]], speed: int) -> None:
        """``markets`` has each market's traders and its pause in milliseconds."""
        self._speed = speed or SPEED_MAX
        self._numbers = count()
        self._due = [(pause_ms, next(self._numbers), traders, pause_ms) for traders, pause_ms in markets]
        heapq.heapify(self._due)

    def run(self, connection: Connection, sleep: Callable[[float], object] = time.sleep, turns: int = -1) -> None:
        """Run for so many turns; without a number, for ever."""
        now_ms = 0
        while turns != 0:
            due_ms, _, traders, pause_ms = self._due[0]
            sleep((due_ms - now_ms) / MS_PER_SECOND / self._speed)
            now_ms = due_ms
            traders.turn(connection)
            heapq.heapreplace(self._due, (due_ms + pause_ms, next(self._numbers), traders, pause_ms))
            turns -= 1
