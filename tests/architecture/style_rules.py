"""The rules of the house style that no linter checks: functions from a source file to the places that break them."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FUNCTION_LINES_MAX = 50
FILE_LINES_MAX = 400
FORBIDDEN_NAMES = frozenset({"utils", "helpers", "common", "core", "base", "misc", "manager", "data", "info"})

# Home directories, and the place of this checkout.
PROJECT = Path(__file__).resolve().parents[2]
MACHINE_PATHS = re.compile(r"/(?:home|root|Users|mnt|media)/\w|" + re.escape(f"{PROJECT}") + r"\b")
# Joined from parts, so that this file does not name them itself.
REGISTRIES = re.compile(r"py" + r"pi\.org|pythonhos" + r"ted|-index-" + r"url|--find-" + r"links|--trusted-" + "host")


@dataclass(frozen=True)
class Source:
    """A file of the project: its path in the project, and its text."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file as Python."""
        return ast.parse(self.text)

    @property
    def lines(self) -> list[str]:
        """The file's lines."""
        return self.text.splitlines()

    def at(self, line: int, finding: str) -> str:
        """Say what was found where."""
        return f"{self.path}:{line}: {finding}"


def long_functions(source: Source) -> Iterator[str]:
    """Find functions of more than 50 lines, their docstring not counted."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _end(node) - node.lineno + 1 - _docstring_lines(node)
            if length > FUNCTION_LINES_MAX:
                yield source.at(node.lineno, f"{node.name} has {length} lines")


def long_file(source: Source) -> Iterator[str]:
    """Find a file of more than 400 lines."""
    if len(source.lines) > FILE_LINES_MAX:
        yield source.at(1, f"{len(source.lines)} lines")


def forbidden_name(source: Source) -> Iterator[str]:
    """Find a file or package with a name that says nothing."""
    for part in (*source.path.parent.parts, source.path.stem):
        if part.lower() in FORBIDDEN_NAMES:
            yield source.at(1, f"the name {part!r} says nothing")


def missing_module_docstring(source: Source) -> Iterator[str]:
    """Find a module without a docstring; an empty one needs none."""
    if source.tree.body and not ast.get_docstring(source.tree):
        yield source.at(1, "no docstring")


def floating_point(source: Source) -> Iterator[str]:
    """Find binary floating point: the name float, a float literal, a true division."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id == "float":
            yield source.at(node.lineno, "float")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield source.at(node.lineno, f"the float {node.value}")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield source.at(node.lineno, "a division with /")


def sleep(source: Source) -> Iterator[str]:
    """Find calls of time.sleep, under whatever name it was imported."""
    names = {"time.sleep"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "sleep"}
        elif isinstance(node, ast.Import):
            names |= {f"{alias.asname}.sleep" for alias in node.names if alias.name == "time" and alias.asname}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            yield source.at(node.lineno, ast.unparse(node))


def global_statement(source: Source) -> Iterator[str]:
    """Find functions that rebind a module's names."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Global):
            yield source.at(node.lineno, f"global {', '.join(node.names)}")


def machine_path(source: Source) -> Iterator[str]:
    """Find paths that exist on one machine only, and hosts that packages are fetched from."""
    for number, line in enumerate(source.lines, start=1):
        for pattern in (MACHINE_PATHS, REGISTRIES):
            if found := pattern.search(line):
                yield source.at(number, found.group())


def _end(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    assert first.end_lineno is not None
    return first.end_lineno - first.lineno + 1
