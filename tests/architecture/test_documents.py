"""The documents are consistent: links lead somewhere, decisions are complete and listed, what they name exists."""

import re
from pathlib import Path

import pytest

from order_engine.__main__ import cli
from order_engine.matching.events import OrderStatus
from order_engine.settings import VARIABLES
from stress import attack_figures

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# The changelog and the decisions also tell of what was there before.
PRESENT = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
DECISIONS = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
    relative = [link for link in links if "://" not in link]

    assert [link for link in relative if not (document.parent / link).exists()] == []


# Names with a slash that are no paths of the project: files in DATA_DIR, a media type, a placeholder.
NO_PATH = re.compile(r"DATA_DIR/.*|(?:archive|audit|snapshots)/|application/json|golden/NAME")


@pytest.mark.parametrize("document", PRESENT, ids=lambda path: path.name)
def test_every_path_in_backticks_exists(document: Path) -> None:
    named = re.findall(r"`([\w.-]+/[\w./*-]*|[\w-]+\.(?:py|md|toml|txt|yml))`", document.read_text(encoding="utf-8"))
    paths = [name for name in named if not NO_PATH.fullmatch(name)]

    places = (ROOT, ROOT / "order_engine", ROOT / "tests")
    assert [name for name in paths if not any(any(place.glob(name)) for place in places)] == []


def test_every_command_module_and_setting_that_a_document_names_exists() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in PRESENT)
    commands = set(re.findall(r"python -m order_engine ([a-z-]+)", text))
    modules = set(re.findall(r"python -m (stress[\w.]*)", text))
    settings = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=[^`]*)?`", text))

    assert {"verify", "replay", "rebuild", "audit"} <= commands <= cli.commands.keys()
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").is_file()] == []
    files = [ROOT / "Makefile", ROOT / "docker-compose.yml", *ROOT.glob("tests/**/*.py"), *ROOT.glob("stress/**/*.py")]
    elsewhere = "".join(path.read_text(encoding="utf-8") for path in files)
    known = {*OrderStatus, *(variable.name for variable in VARIABLES)}
    assert [name for name in settings if name not in known and name not in elsewhere] == []


def test_every_room_is_in_the_table_of_the_architecture() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text.partition("## The rooms")[2].partition("\nSQL is")[0]
    listed = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}

    files = [path for path in (ROOT / "order_engine").iterdir() if path.is_dir() or path.suffix == ".py"]
    rooms = {path.stem for path in files if not path.name.startswith("__")}
    assert listed == rooms | {"__main__"}


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


def test_attacks_cost_what_the_kept_result_says() -> None:
    text = (ROOT / "docs/attacks.md").read_text(encoding="utf-8")

    assert text == attack_figures.replaced(text)
