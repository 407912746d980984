"""The container files say what the rest of the project says. They are read here, not run."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.+)$", DOCKERFILE, re.MULTILINE)


def test_image_runs_the_server_as_a_user_of_its_own() -> None:
    assert json.loads(instructions("CMD")[-1]) == ["python", "-m", "order_engine", "serve"]
    assert instructions("USER") == ["exchange"]


def test_health_check_is_a_program_that_asks_livez() -> None:
    arguments = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])

    compile(arguments[-1], "health check", "exec")
    assert "/livez" in arguments[-1]


def test_journal_lives_in_a_volume() -> None:
    directory = re.search(r"DATA_DIR=(\S+)", DOCKERFILE)

    assert directory is not None
    assert instructions("VOLUME") == [directory[1]]
    assert f"journal:{directory[1]}" in COMPOSE["services"]["engine"]["volumes"]


def test_engine_waits_for_a_healthy_database_and_runs_once() -> None:
    engine, postgres = COMPOSE["services"]["engine"], COMPOSE["services"]["postgres"]

    assert engine["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert "pg_isready" in postgres["healthcheck"]["test"][1]
    assert "deploy" not in engine


def test_every_named_volume_is_declared() -> None:
    used = {volume.partition(":")[0] for service in COMPOSE["services"].values() for volume in service["volumes"]}

    assert used == set(COMPOSE["volumes"])


def test_everything_the_image_copies_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()

    assert {"!requirements.txt", "!order_engine", "!migrations", "!alembic.ini"} <= set(ignored)
