"""docs/operations.md lists the commands that there are."""

import re
from pathlib import Path

from order_engine.__main__ import cli

ROOT = Path(__file__).resolve().parents[2]


def test_every_command_is_listed_and_nothing_else() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = text.partition("## Commands")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == {
        name for name, command in cli.commands.items() if not command.hidden
    }
