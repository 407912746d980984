"""The scale of a run: one variable for all, and each suite's own."""

import pytest

from tests.scale import scaled


@pytest.mark.parametrize(
    ("environment", "times"),
    [
        ({}, 24),
        ({"TEST_SCALE": ""}, 24),
        ({"TEST_SCALE": "3"}, 72),
        ({"TEST_SCALE": "0.5"}, 12),
        ({"TEST_SCALE": "0.001"}, 1),
        ({"TEST_SCALE": "3", "KILLS": "5"}, 5),
    ],
)
def test_own_variable_comes_before_the_scale(environment: dict[str, str], times: int) -> None:
    assert scaled("KILLS", 24, environment) == times
