"""The names of incoming fields: which other names are taken for them, and which name an unknown one is nearest to."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

OTHER_NAMES: Mapping[str, str] = {"order_type": "type", "instrument": "symbol", "client_id": "user_id"}
"""Names that clients of other services send, each with ours; sending both is refused."""

NAME_LENGTH_MAX = 40


def unknown_field(name: str, known: Collection[str]) -> str:
    """Say that a field is not known, and which known name is nearest to its own."""
    # To compare long names takes long.
    nearest = get_close_matches(name, known, 1) if len(name) <= NAME_LENGTH_MAX else []
    return f"Unknown field; did you mean {nearest[0]}?" if nearest else "Unknown field."
