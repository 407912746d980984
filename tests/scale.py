"""How much a run does. ``TEST_SCALE=3`` has every seeded suite do three times as much; ``.ci/run`` raises it."""

import os
from collections.abc import Mapping


def scaled(variable: str, times: int, environment: Mapping[str, str] = os.environ) -> int:
    """Return what ``variable`` says, or else ``times`` as often as TEST_SCALE says, and at least 1."""
    given = environment.get(variable)
    if given:
        return int(given)
    return max(1, round(times * float(environment.get("TEST_SCALE") or 1)))
