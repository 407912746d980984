"""Requests that make the server keep or build much."""

from collections.abc import Iterator
from functools import partial
from itertools import count, cycle

from stress.attacks.attack import BATCH_LENGTH, Attack, Body, Outcome, Target, order

BODY_BYTES = (8 << 20) - 64
BODIES = 8
USERS = 40
BATCHES_OF_A_USER = 8
USERS_LEFT_OUT = 3


class RestingOrders:
    """Rests orders of many users until the exchange takes no more; then cancels and places them, user by user."""

    def __init__(self) -> None:
        self._names = count()
        self._emptied: list[int] = []
        self._next = cycle(range(USERS))
        self._is_full = False

    def strike(self, target: Target) -> Outcome:
        """Fill the book, or cancel all orders of one user and place those of another, with some users left out."""
        if not self._is_full:
            return self.fill(target)
        user = next(self._next)
        self._emptied.append(user)
        outcome = target.status("DELETE", f"/orders?user_id=filler{user}")
        if len(self._emptied) > USERS_LEFT_OUT:
            outcome += self._fill_user(self._emptied.pop(0), target)
        return outcome

    def fill(self, target: Target) -> Outcome:
        """Place orders until one is refused, or there are as many as the attack wants."""
        outcome = Outcome()
        for user in range(USERS):
            outcome += self._fill_user(user, target)
            if outcome["422"]:
                break
        self._is_full = True
        return outcome

    def _fill_user(self, user: int, target: Target) -> Outcome:
        outcome = Outcome()
        for _ in range(target.sized(BATCHES_OF_A_USER)):
            outcome += target.batch(
                list(self._batch(f"filler{user}")), {"Idempotency-Key": f"fill-{next(self._names)}"}
            )
            if outcome["422"]:
                break
        return outcome

    def _batch(self, user: str) -> Iterator[Body]:
        for number in range(BATCH_LENGTH):
            name = f"{user}-{next(self._names)}"
            yield order("FILL", "BUY", 1, 100 + number / 100, user_id=user, client_order_id=name)


def _bodies(entries: Iterator[bytes], target: Target) -> Outcome:
    """Send the largest batches at once, each full of the smallest entries."""
    entry = next(entries)
    body = b'{"orders": [' + b",".join([entry] * (BODY_BYTES // (len(entry) + 1))) + b"]}"
    return target.at_once([partial(target.status, "POST", "/orders/batch", body)] * BODIES)


def _nested(target: Target) -> Outcome:
    """Send a body that is nested as deep as it is long."""
    return target.status("POST", "/orders", b"[" * 500_000 + b"]" * 500_000)


def _remembered(names: Iterator[int], target: Target) -> Outcome:
    """Have large responses remembered for retries that never come."""
    takers = [order("KEYS", "BUY", 1, 10, time_in_force="IOC")] * BATCH_LENGTH
    return target.batch([order("KEYS", "SELL", 500, 10), *takers[1:]], {"Idempotency-Key": f"kept-{next(names)}"})


def attacks(resting: RestingOrders) -> tuple[Attack, ...]:
    """Return the attacks of this family."""
    entries = cycle([b"{}", b"[]", b"1.1", b'""'])
    return (
        Attack("8 batch bodies of 8 MiB at once, full of empty entries", partial(_bodies, entries), every_seconds=2),
        Attack("a body nested 500,000 deep", _nested),
        Attack(
            "batches whose large responses are remembered for retries", partial(_remembered, count()), every_seconds=2
        ),
        Attack("resting orders without end", resting.strike, every_seconds=15),
    )
