"""The requests of simulated clients, from a seed."""

from dataclasses import dataclass
from random import Random

from order_engine.exchange.applied import Applied
from order_engine.exchange.exchange import Submitted
from order_engine.journal.record import Retry
from order_engine.matching.commands import Command, TimeInForce
from order_engine.wire.units import format_quantity
from tests.builders import amend, buy, cancel, cancel_all, instrument, sell

SYMBOLS = ("AAPL", "MSFT")
USERS = ("ann", "bob", "cy")
CENT_E8 = 1_000_000
WHOLE_E8 = 100_000_000


def is_told_again(again: Submitted, first: Applied) -> bool:
    """Whether a retry is told what was told first, and no less of what the command has ended since."""
    if not again.replayed or again.applied.record != first.record:
        return False
    return all(
        more[: len(events)] == events or events[: len(more)] == more
        for more, events in zip(again.applied.events, first.events, strict=True)
    )


@dataclass(frozen=True)
class Request:
    """Commands of one record. Without a ``retry`` a client without a response cannot repeat it."""

    commands: tuple[Command, ...]
    retry: Retry | None


class RequestSource:
    """Draws requests that trade, amend, cancel, list, or are refused, in batches too."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0

    def draw(self) -> Request:
        """Draw the next request; one in ten comes without an idempotency key."""
        self._count += 1
        name = f"r{self._count}"
        size = self._random.choice((1, 1, 1, 1, 2, 4))
        commands = tuple(self._command(f"{name}-{number}") for number in range(size))
        retry = Retry(scope="client", key=name, fingerprint=f"of {name}")
        return Request(commands, retry if self._random.randrange(10) else None)

    def _command(self, name: str) -> Command:
        random = self._random
        kind = random.randrange(20)
        order_id = str(random.randint(2, 2 * self._count + 2))
        if kind < 12:
            return self._order(name)
        if kind < 15:
            return amend(order_id, quantity=str(random.randint(1, 12)))
        if kind < 18:
            return cancel(order_id)
        if kind == 18:
            return cancel_all(random.choice(USERS), symbol=random.choice((None, *SYMBOLS)))
        return instrument(random.choice((*SYMBOLS, "NEW")), tick="0.01", lot="1")

    def _order(self, name: str) -> Command:
        random = self._random
        order = random.choice((buy, sell))
        return order(
            symbol=random.choice(SYMBOLS),
            price=random.choice((None, *(format_quantity((100 + step) * WHOLE_E8) for step in range(-2, 3)))),
            quantity=str(random.randint(1, 12)),
            time_in_force=random.choice(tuple(TimeInForce)) if random.randrange(4) == 0 else TimeInForce.GTC,
            user_id=random.choice((None, *USERS)),
            client_order_id=name if random.randrange(2) else None,
        )
