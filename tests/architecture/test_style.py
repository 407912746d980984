"""The whole project keeps the house style, and each rule finds a violation."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture import style_rules
from tests.architecture.style_rules import Source

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = frozenset({".git", ".venv", "__pycache__", "node_modules", "results", "var"})
TEXT_SUFFIXES = frozenset({"", ".cfg", ".css", ".html", ".ini", ".js", ".json", ".mako", ".md", ".ndjson", ".py"}) | {
    ".sh",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}

Rule = Callable[[Source], Iterator[str]]


@cache
def project_sources() -> tuple[Source, ...]:
    sources = []
    for directory, subdirectories, names in os.walk(ROOT):
        subdirectories[:] = sorted(name for name in subdirectories if name not in NOT_OURS and "cache" not in name)
        for name in sorted(names):
            path = Path(directory, name)
            if name not in NOT_OURS and path.suffix in TEXT_SUFFIXES and ".hypothesis" not in path.parts:
                sources.append(Source(path.relative_to(ROOT), path.read_text(encoding="utf-8")))
    return tuple(sources)


def python_sources(*tops: str) -> list[Source]:
    found = [source for source in project_sources() if source.path.suffix == ".py"]
    return [source for source in found if not tops or any(source.path.is_relative_to(top) for top in tops)]


def violations(rule: Rule, sources: list[Source]) -> list[str]:
    assert sources
    return [finding for source in sources for finding in rule(source)]


@pytest.mark.parametrize(
    "rule",
    [
        style_rules.long_functions,
        style_rules.long_file,
        style_rules.forbidden_name,
        style_rules.missing_module_docstring,
        style_rules.global_statement,
    ],
    ids=lambda rule: rule.__name__,
)
def test_python_of_the_project_keeps_the_rule(rule: Rule) -> None:
    assert violations(rule, python_sources()) == []


def test_money_never_meets_floating_point() -> None:
    pure = [f"order_engine/{package}" for package in ("matching", "market_data", "wire")]

    assert violations(style_rules.floating_point, python_sources(*pure)) == []


def test_no_test_sleeps() -> None:
    assert violations(style_rules.sleep, python_sources("tests")) == []


def test_no_file_names_a_path_of_one_machine_or_a_registry() -> None:
    assert violations(style_rules.machine_path, list(project_sources())) == []


DOCSTRING = '"""A docstring\nof two lines."""\n'
BODY_OF_50 = "def f():\n" + "    x = 1\n" * 49


@pytest.mark.parametrize(
    ("rule", "path", "text", "findings"),
    [
        (style_rules.long_functions, "a.py", BODY_OF_50, 0),
        (style_rules.long_functions, "a.py", BODY_OF_50 + "    x = 1\n", 1),
        (style_rules.long_functions, "a.py", 'def f():\n    """Say.\n\n    More.\n    """\n' + "    x = 1\n" * 49, 0),
        (style_rules.long_functions, "a.py", "class A:\n    async def f(self):\n" + "        x = 1\n" * 50, 1),
        (style_rules.long_file, "a.py", "x = 1\n" * 400, 0),
        (style_rules.long_file, "a.py", "x = 1\n" * 401, 1),
        (style_rules.forbidden_name, "order_engine/api/utils.py", "", 1),
        (style_rules.forbidden_name, "order_engine/core/book.py", "", 1),
        (style_rules.forbidden_name, "order_engine/market_data/depth.py", "", 0),
        (style_rules.missing_module_docstring, "a.py", "x = 1\n", 1),
        (style_rules.missing_module_docstring, "a.py", DOCSTRING + "x = 1\n", 0),
        (style_rules.missing_module_docstring, "__init__.py", "", 0),
        (style_rules.floating_point, "a.py", "x = float('1')\n", 1),
        (style_rules.floating_point, "a.py", "def f(price: float): ...\n", 1),
        (style_rules.floating_point, "a.py", "x = 1.5\n", 1),
        (style_rules.floating_point, "a.py", "x = y / 2\nx /= 2\n", 2),
        (style_rules.floating_point, "a.py", "x = y // 2\n# a float / in words\n", 0),
        (style_rules.sleep, "a.py", "import time\ntime.sleep(1)\n", 1),
        (style_rules.sleep, "a.py", "from time import sleep as nap\nnap(1)\n", 1),
        (style_rules.sleep, "a.py", "import time as t\nt.sleep(1)\n", 1),
        (style_rules.sleep, "a.py", "clock.sleep(1)\n", 0),
        (style_rules.global_statement, "a.py", "def f():\n    global x\n    x = 1\n", 1),
        (style_rules.machine_path, "a.md", "cd /hom" + "e/ann/exchange\n", 1),
        (style_rules.machine_path, "a.md", f"cd {ROOT}/tests\n", 1),
        (style_rules.machine_path, "a.txt", "--extra-index-" + "url https://example.org\n", 1),
        (style_rules.machine_path, "a.md", "works with/without\n", 0),
    ],
)
def test_rule_finds_what_it_forbids(rule: Rule, path: str, text: str, findings: int) -> None:
    assert len(list(rule(Source(Path(path), text)))) == findings
