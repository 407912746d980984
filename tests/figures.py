"""Figures of a run: what its tests did, counted by kind, printed at its end."""

from collections import Counter
from collections.abc import Callable

import pytest

FiguresOf = Callable[[str], Counter[str]]
FIGURES = pytest.StashKey[dict[str, Counter[str]]]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for suite, figures in config.stash.get(FIGURES, {}).items():
        if figures:
            terminalreporter.section(suite)
            for name in sorted(figures):
                terminalreporter.write_line(f"{figures[name]:>9,}  {name}")


@pytest.fixture(scope="session")
def figures_of(pytestconfig: pytest.Config) -> FiguresOf:
    """Return the counter of a suite."""
    suites = pytestconfig.stash.setdefault(FIGURES, {})
    return lambda suite: suites.setdefault(suite, Counter())
