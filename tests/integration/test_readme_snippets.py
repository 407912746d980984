"""What the README has for pasting runs, and gives what it shows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from order_engine.testing import exchange
from tests.conftest import absent

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
URL = "http://localhost:5000"
SHOWN = re.compile(r"^```(python|sh)\n(.*?)^```\n+```text\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A pipe over two lines, indented as code.
PIPED = re.compile(r"^    (echo .*\|)\n\s+(\.venv/bin/python -m order_engine process .*)$", re.MULTILINE)


def test_orders_of_two_users_trade_as_shown() -> None:
    snippets = SHOWN.findall(README)
    assert [language for language, _, _ in snippets] == ["python", "sh"]
    if shutil.which("curl") is None:
        absent("no curl")
    with exchange() as running:
        for language, snippet, shown in snippets:
            command = [sys.executable, "-c"] if language == "python" else ["bash", "-euc"]
            given = snippet.replace(URL, running.url)
            finished = subprocess.run([*command, given], cwd=ROOT, capture_output=True, text=True, check=True)

            assert finished.stdout == shown


def test_stream_of_commands_is_applied() -> None:
    ((first, second),) = PIPED.findall(README)
    command = f"{first} {second}".replace(".venv/bin/python", sys.executable)

    finished = subprocess.run(["bash", "-euc", command], cwd=ROOT, capture_output=True, text=True, check=True)

    assert '"event":"accepted"' in finished.stdout
    assert finished.stderr.startswith("commands 1, ")
