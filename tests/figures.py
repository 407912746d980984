"""Figures of a run: what its tests did, counted by kind over all workers, printed and judged at its end."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

Figures = dict[str, Counter[str]]
FiguresOf = Callable[[str], Counter[str]]
Claims = Callable[[str, Mapping[str, int]], None]

Claimed = dict[str, dict[str, int]]

FIGURES = pytest.StashKey[Figures]()
CLAIMS = pytest.StashKey[Claimed]()


KINDS_SHOWN_MAX = 50


class Unmet(NamedTuple):
    """A figure that a suite claims to reach, and did not."""

    suite: str
    name: str
    least: int
    counted: int


def unmet(figures: Mapping[str, Counter[str]], claims: Claimed) -> list[Unmet]:
    """Return the claims that the figures do not bear out."""
    counts = {suite: figures.get(suite, Counter[str]()) for suite in claims}
    return [
        Unmet(suite, name, least, counts[suite][name])
        for suite, claimed in claims.items()
        for name, least in sorted(claimed.items())
        if counts[suite][name] < least
    ]


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES], config.stash[CLAIMS] = {}, {}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # Any: a worker, as pytest-xdist hands it over
    """Add up, in the process that started the workers, what one of them has done."""
    output = getattr(node, "workeroutput", {})
    for suite, counts in output.get("figures", {}).items():
        node.config.stash[FIGURES].setdefault(suite, Counter()).update(counts)
    for suite, claimed in output.get("claims", {}).items():
        node.config.stash[CLAIMS].setdefault(suite, {}).update(claimed)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the figures to the process that started this worker, or there, hold them against what was claimed."""
    stash = session.config.stash
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = {suite: dict(counts) for suite, counts in stash[FIGURES].items()}
        output["claims"] = stash[CLAIMS]
    elif unmet(stash[FIGURES], stash[CLAIMS]) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for suite, figures in sorted(config.stash[FIGURES].items()):
        if figures:
            terminalreporter.section(suite)
            shown = sorted(figures) if len(figures) <= KINDS_SHOWN_MAX else [f"of {len(figures)} kinds together"]
            for name in shown:
                terminalreporter.write_line(f"{figures.get(name, figures.total()):>9,}  {name}")
    for suite, name, least, counted in unmet(config.stash[FIGURES], config.stash[CLAIMS]):
        terminalreporter.write_line(f"{suite}: {counted:,} {name}, at least {least:,} are claimed", red=True)


@pytest.fixture(scope="session")
def figures_of(pytestconfig: pytest.Config) -> FiguresOf:
    """Return the counter of a suite: what this worker has done so far."""
    return lambda suite: pytestconfig.stash[FIGURES].setdefault(suite, Counter())


@pytest.fixture(scope="session")
def claim(pytestconfig: pytest.Config) -> Claims:
    """Return how to claim at least so many of each figure, over all workers; a run that has fewer at its end fails.

    A claim is about the whole suite: make it only where all of it was selected.
    """
    return lambda suite, least: pytestconfig.stash[CLAIMS].setdefault(suite, {}).update(least)
