"""Names of request fields: the other names that are accepted, and the hint for an unknown name."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

OTHER_NAMES: Mapping[str, str] = {"order_type": "type", "instrument": "symbol", "client_id": "user_id"}
"""Accepted other names, as clients of similar services send them, with our name. Sending both is refused."""

NAME_LENGTH_MAX = 40


def unknown_name(name: str, known: Collection[str], kind: str = "field") -> str:
    """Return the message for an unknown field or parameter, with the nearest known name."""
    # Comparing long names is slow.
    nearest = get_close_matches(name, known, 1) if len(name) <= NAME_LENGTH_MAX else []
    return f"Unknown {kind}; did you mean {nearest[0]}?" if nearest else f"Unknown {kind}."
