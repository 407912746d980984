"""Every command: its help, its JSON, and its errors for unusable arguments and directories."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from order_engine.__main__ import cli
from tests.integration.commands.conftest import LAST_SEQUENCE, Run
from tests.integration.service.server_process import ROOT, command_line

COMMANDS = sorted(cli.commands)
READERS = ["snapshot", "replay", "verify", "rebuild"]


def options_of(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


WITH_JSON = [name for name in COMMANDS if "--json" in options_of(cli.commands[name])]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Run, command: str) -> None:
    finished = run(command, "--help")

    assert (finished.code, finished.err) == (0, "")
    assert finished.out.startswith(f"Usage: python -m order_engine {command}")


def test_help_names_every_command_whole(tmp_path: Path) -> None:
    finished = command_line(tmp_path, "--help")

    listed = finished.stdout.partition("Commands:")[2]
    assert finished.returncode == 0
    assert "..." not in listed
    assert [name for name in COMMANDS if (f"\n  {name} " in listed) is cli.commands[name].hidden] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_option_ends_every_command_with_two(run: Run, tmp_path: Path, command: str) -> None:
    finished = run(command, "--nonsense")

    assert (finished.code, finished.out) == (2, "")
    assert "No such option" in finished.err
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("process",),
        ("replay", "--to", "x"),
        ("snapshot", "--sequence", "x"),
        ("audit", "--since", "yesterday"),
        ("process", "nowhere.ndjson"),
        ("verify", "too", "much"),
    ],
    ids=" ".join,
)
def test_unusable_argument_ends_with_two(run: Run, directory: Path, arguments: tuple[str, ...]) -> None:
    finished = run(*arguments, DATA_DIR=str(directory))

    assert (finished.code, finished.out) == (2, "")
    assert finished.err
    assert "Traceback" not in finished.err


@pytest.mark.parametrize("command", [*READERS, "audit"])
def test_directory_that_is_not_there_is_named_and_not_made(run: Run, tmp_path: Path, command: str) -> None:
    finished = run(command)

    if command == "audit":
        assert (finished.code, finished.out) == (0, "")
    else:
        assert (finished.code, finished.out) == (2, "")
        assert str(tmp_path / "nowhere") in finished.err
        assert len(finished.err.splitlines()) == 1
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("command", WITH_JSON)
def test_json_is_one_object_a_line(run: Run, directory: Path, command: str) -> None:
    finished = run(command, "--json", DATA_DIR=str(directory))

    assert finished.code == 0, finished.err
    objects = [json.loads(line) for line in finished.out.splitlines()]
    assert all(isinstance(one, dict) for one in objects)
    assert objects[-1]["sequence"] == LAST_SEQUENCE


@pytest.mark.parametrize("command", WITH_JSON)
def test_text_names_the_last_sequence_too(run: Run, directory: Path, command: str) -> None:
    finished = run(command, DATA_DIR=str(directory))

    assert finished.code == 0, finished.err
    assert str(LAST_SEQUENCE) in finished.out


def test_reader_that_goes_away_is_no_fault(directory: Path) -> None:
    command = [sys.executable, "-c", "from order_engine.__main__ import main; raise SystemExit(main(['audit']))"]
    with subprocess.Popen(
        command, cwd=ROOT, env={"DATA_DIR": str(directory)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (0, b"")


def test_command_line_loads_no_web_server_and_no_database_library() -> None:
    script = "import sys, order_engine.__main__; print(*{name.partition('.')[0] for name in sys.modules})"

    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {"flask", "gunicorn", "sqlalchemy", "alembic", "marshmallow", "asyncio"} & set(loaded.split()) == set()
