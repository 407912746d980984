"""What docs/replay-and-audit.md names is there: tests, commands, settings."""

import re
from pathlib import Path

from order_engine.__main__ import cli
from order_engine.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/replay-and-audit.md").read_text(encoding="utf-8")


def test_every_test_that_it_names_exists() -> None:
    named = set(re.findall(r"tests/[\w/]+\.py", TEXT))

    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_command_and_setting_that_it_names_exists() -> None:
    commands = set(re.findall(r"python -m order_engine ([a-z]+)", TEXT))
    settings = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TEXT))

    assert commands <= cli.commands.keys()
    assert settings - {"DATA_DIR"} <= {variable.name for variable in VARIABLES}
    assert {"verify", "replay", "rebuild", "audit"} <= commands
