"""The documents hang together: links lead somewhere, decisions are whole and listed, commands exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    relative = [link for link in links if "://" not in link]

    assert [link for link in relative if not (document.parent / link).exists()] == []


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")

    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    assert [path.name for path in DECISIONS if f"({path.name})" not in index] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_decision_says_what_it_rests_on_and_what_was_rejected(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")

    assert text.startswith(f"# {int(decision.name[:4])}. ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Rejected"]


def test_every_make_target_that_a_document_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {name for path in DOCUMENTS for name in re.findall(r"(?:`|    )make ([a-z]+)", path.read_text("utf-8"))}

    assert {"run", "test"} <= named <= targets


def test_ci_runs_the_tests_with_every_service_required() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")

    assert re.search(r"^TEST_SCALE=[2-9] .*REQUIRE_SERVICES=1 make test$", script, re.MULTILINE)
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
