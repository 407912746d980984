"""Every scenario, file and test that the rulebook names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULEBOOK = (ROOT / "docs" / "rulebook.md").read_text(encoding="utf-8")
SCENARIOS = sorted(set(re.findall(r"`golden/(\w+)`", RULEBOOK)) - {"NAME"})
REFERENCES = sorted(set(re.findall(r"`((?:tests|order_engine)/[\w/]+\.py(?:::\w+)?)`", RULEBOOK)))


@pytest.mark.parametrize("reference", REFERENCES)
def test_test_that_the_rulebook_names_is_there(reference: str) -> None:
    path, _, name = reference.partition("::")

    text = (ROOT / path).read_text(encoding="utf-8")

    assert f"def {name}(" in text or not name


def test_rulebook_names_every_scenario() -> None:
    assert [path.parent.name for path in sorted((ROOT / "tests" / "golden").glob("*/about.md"))] == SCENARIOS
