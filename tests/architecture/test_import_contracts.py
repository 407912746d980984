"""The import contracts hold for the package, and each of them breaks when it is violated."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAYERS = (
    ("matching", "wire"),
    ("matching", "market_data"),
    ("wire", "market_data"),
    ("market_data", "wire"),
    ("market_data", "journal"),
    ("journal", "exchange"),
    ("exchange", "database"),
    ("database", "followers"),
    ("followers", "queries"),
    ("queries", "followers"),
    ("queries", "api"),
    ("api", "ui"),
    ("streams", "api"),
    ("ui", "settings"),
    ("settings", "bootstrap"),
    ("server", "commands"),
    ("server", "client"),
    ("client", "testing"),
    ("client", "matching"),
    ("testing", "server"),
)
PURE = ("matching", "wire", "market_data")
IMPURE = (
    "asyncio",
    "datetime",
    "flask",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "socket",
    "sqlalchemy",
    "threading",
    "time",
    "uuid",
)
NO_SQL = ("api", "ui", "streams", "followers.audit", "exchange", "journal", "market_data", "wire", "matching")


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def violated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the output of lint-imports for a copy of the package in which every contract is violated."""
    copy = tmp_path_factory.mktemp("violated")
    shutil.copytree(ROOT / "order_engine", copy / "order_engine", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    package = copy / "order_engine"
    for name in ("settings",):
        (package / f"{name}.py").touch()
    for below, above in LAYERS:
        _plant(package / below / f"planted_{above}.py" if below != "settings" else package / "settings.py", above)
    for name in PURE:
        (package / name / "planted_impure.py").write_text("".join(f"import {module}\n" for module in IMPURE))
    for name in NO_SQL:
        package.joinpath(*name.split("."), "planted_sql.py").write_text(
            "import sqlalchemy.orm, flask_sqlalchemy, alembic.op\n"
        )
    (package / "unplaced").mkdir()
    (package / "unplaced" / "__init__.py").touch()

    finished = lint_imports(copy)

    assert finished.returncode == 1, finished.stderr
    return " ".join(finished.stdout.split())


def _plant(path: Path, above: str) -> None:
    path.write_text(f"import order_engine.{above}\n")


def test_package_as_it_is_keeps_every_contract() -> None:
    finished = lint_imports(ROOT)

    assert finished.returncode == 0, finished.stdout
    assert "Contracts: 4 kept, 0 broken." in finished.stdout


@pytest.mark.parametrize(("below", "above"), LAYERS)
def test_import_from_above_or_beside_is_caught(violated: str, below: str, above: str) -> None:
    assert f"order_engine.{below} is not allowed to import order_engine.{above}:" in violated


@pytest.mark.parametrize("package", PURE)
@pytest.mark.parametrize("module", IMPURE)
def test_impure_import_is_caught(violated: str, package: str, module: str) -> None:
    assert f"order_engine.{package} is not allowed to import {module}:" in violated


@pytest.mark.parametrize("package", NO_SQL)
@pytest.mark.parametrize("module", ["sqlalchemy", "flask_sqlalchemy", "alembic"])
def test_sql_outside_its_rooms_is_caught(violated: str, package: str, module: str) -> None:
    assert f"order_engine.{package}.planted_sql -> {module}" in violated


def test_package_without_a_place_is_caught(violated: str) -> None:
    assert "not listed as layers: - order_engine.unplaced" in violated
