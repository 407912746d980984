"""The README shows the measured figures; docs/settings.md the settings that exist."""

from pathlib import Path

from order_engine.settings import VARIABLES
from stress.figures import replaced

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"


def test_figures_are_those_of_the_kept_results() -> None:
    text = README.read_text(encoding="utf-8")

    assert text == replaced(text)


def test_settings_are_all_listed_as_they_are() -> None:
    text = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    rows = [
        f"| `{variable.name}` | {f'`{variable.default}` ' if variable.default else ''}| {variable.description} |"
        for variable in VARIABLES
    ]

    assert [row for row in rows if row not in text] == []


def test_begins_with_what_it_is_and_the_three_commands() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()

    assert lines[0].startswith("# ")
    commands = [line.split("#")[0].strip() for line in lines[:10] if line.startswith("    make ")]
    assert commands == ["make demo", "make run", "make test"]
