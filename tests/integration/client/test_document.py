"""Every snippet of docs/client.md runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from order_engine.testing import Exchange

ROOT = Path(__file__).resolve().parents[3]
SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/client.md").read_text("utf-8"), re.DOTALL)
PROGRAMS = [text for text in SNIPPETS if "pytest" not in text]
FAILING = """
pytest_plugins = ["order_engine.testing.fixtures"]

def test_that_fails(exchange):
    assert not exchange
"""
TESTS = [text for text in SNIPPETS if "pytest" in text]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda text: text.partition("\n")[0])
def test_snippet_runs_and_prints_what_it_says(
    program: str, served: Exchange, capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(program, "client.md", "exec"), {"url": served.url})

    printed = capsys.readouterr().out.splitlines()
    said = re.findall(r"print\(.*\)  # (.*)", program)
    assert [line for line, words in zip(printed, said, strict=False) if words.split(",")[0] not in line] == []
    assert len(printed) >= len(said)


@pytest.mark.slow
def test_fixtures_of_the_document_are_used_by_pytest(tmp_path: Path) -> None:
    (plugin, shared) = TESTS
    (tmp_path / "test_bot.py").write_text(plugin + shared + "\n\ndef test_shared(shared):\n    assert shared.log\n")
    (tmp_path / "test_failure.py").write_text(FAILING)

    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "2 passed" in finished.stdout, finished.stdout
    assert "1 failed" in finished.stdout
    assert "opens at sequence 0" in finished.stdout
