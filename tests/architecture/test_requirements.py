"""constraints.txt pins every package that the requirements need, without addresses."""

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FILES = ("requirements.txt", "requirements-dev.txt")
# Every environment has these.
INSTALLERS = {"pip", "setuptools"}


def lines_of(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r "))]


def pinned() -> dict[str, str]:
    return {
        canonicalize_name(name): version for name, version in (line.split("==") for line in lines_of("constraints.txt"))
    }


def brought_in(name: str) -> set[str]:
    """Return what a requirement needs on this machine, directly or not."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in lines_of(name)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen or (requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})):
            continue
        seen.add(key)
        found.add(key[0])
        for text in distribution(requirement.name).requires or ():
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                needed.marker = None
                waiting.append(needed)
    return found - INSTALLERS


@pytest.mark.parametrize("name", FILES)
def test_everything_that_is_brought_in_is_pinned_at_what_is_installed(name: str) -> None:
    versions = pinned()

    installed = {package: distribution(package).version for package in brought_in(name)}

    assert len(installed) > len(lines_of(name))
    assert {package: versions.get(package) for package in installed} == installed


@pytest.mark.parametrize("name", FILES)
def test_requirements_and_constraints_agree(name: str) -> None:
    versions = pinned()
    required = {canonicalize_name(found.name): str(found.specifier) for found in map(Requirement, lines_of(name))}

    assert {package: f"=={versions[package]}" for package in required} == required


@pytest.mark.parametrize("name", [*FILES, "constraints.txt"])
def test_packages_are_named_by_version_alone(name: str) -> None:
    pattern = re.compile(r"[A-Za-z0-9._-]+==[\w.]+(; .+)?")

    assert [line for line in lines_of(name) if not pattern.fullmatch(line)] == []


def test_make_installs_under_the_constraints() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert re.search(r"^INSTALL := .*-c constraints\.txt$", makefile, re.MULTILINE)
