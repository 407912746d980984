"""The wheel, installed into an environment that knows nothing of the clone, serves, trades and shows its page."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from order_engine import __version__
from tests.conftest import absent
from tests.integration.service.server_process import buy, running, sell

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
NO_REGISTRY = ("Could not find a version", "Connection", "Temporary failure", "No matching distribution")

pytestmark = [pytest.mark.slow, pytest.mark.together]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", str(ROOT)]
    subprocess.run(build, cwd=directory, check=True)
    (made,) = directory.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the programs of a clean environment with the wheel and what it depends on."""
    directory = tmp_path_factory.mktemp("elsewhere") / "environment"
    venv.create(directory, with_pip=True)
    command = [directory / "bin/python", *INSTALL, "-c", ROOT / "constraints.txt", wheel]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if any(words in finished.stderr for words in NO_REGISTRY):
        absent(f"no package registry: {finished.stderr[-200:]}")
    assert finished.returncode == 0, finished.stderr
    return directory / "bin"


def test_wheel_has_all_files_and_the_pins_of_the_requirements(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (metadata,) = [archive.read(name).decode() for name in names if name.endswith("/METADATA")]

    for directory in ("templates", "static", "migrations"):
        kept = [path for path in (ROOT / directory).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert {f"order_engine/files/{path.relative_to(ROOT)}" for path in kept} <= names
    assert not [name for name in names if "__pycache__" in name]
    required = {line.partition(": ")[2].lower() for line in metadata.splitlines() if line.startswith("Requires-Dist")}
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8").lower().splitlines()
    assert {pin.partition(";")[0] for pin in pins if not pin.startswith("#")} == {
        requirement.partition(";")[0] for requirement in required if "extra ==" not in requirement
    }


def test_installed_program_says_its_name_and_version(programs: Path, tmp_path: Path) -> None:
    shown = subprocess.run([programs / "order-engine", "--version"], cwd=tmp_path, capture_output=True, text=True)
    helped = subprocess.run([programs / "order-engine", "--help"], cwd=tmp_path, capture_output=True, text=True)

    assert shown.stdout.strip() == f"order-engine, version {__version__}"
    assert helped.stdout.startswith("Usage: order-engine [OPTIONS] COMMAND")


def test_installed_exchange_trades_keeps_and_verifies(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with running(tmp_path / "data", (str(programs / "order-engine"), "serve"), tmp_path) as server:
        client = server.wait_ready().client()
        client.place(buy())
        assert client.place(sell())["status"] == "FILLED"
        server.wait_until(lambda: len(client.get("/trades?symbol=AAPL")["trades"]) == 1)
        for path in ("/", "/docs", "/static/page.js"):
            assert httpx.get(f"http://127.0.0.1:{server.port}{path}").status_code == httpx.codes.OK
        server.process.terminate()
        assert server.process.wait(30) == 0

    verified = subprocess.run(
        [programs / "order-engine", "verify"], cwd=tmp_path, env=os.environ | {"DATA_DIR": str(tmp_path / "data")}
    )
    assert verified.returncode == 0
