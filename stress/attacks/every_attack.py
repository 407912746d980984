"""All attacks, in the order in which they are made one after another.

The last ones leave something that others would fail on: a full book, and no more symbols to list.
"""

from stress.attacks import cascades, doors, framing, memory, reads
from stress.attacks.attack import Attack
from stress.attacks.memory import RestingOrders


def every_attack(resting: RestingOrders) -> list[Attack]:
    """Return the attacks; ``resting`` is the one that fills the book."""
    return [
        *framing.ATTACKS,
        *cascades.ATTACKS,
        *reads.ATTACKS,
        *memory.attacks(resting),
        *doors.ATTACKS,
    ]
