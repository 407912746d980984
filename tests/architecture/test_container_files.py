"""The container files agree with the rest of the project. They are read here, not run."""

import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def by_default(text: str) -> str:
    """Replace variables that are not set by their defaults."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


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
    engine, db = COMPOSE["services"]["engine"], COMPOSE["services"]["db"]

    assert engine["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert "pg_isready" in db["healthcheck"]["test"][1]
    assert "deploy" not in engine


def test_database_is_reached_as_the_documents_say_and_from_this_machine_alone() -> None:
    """``docker compose up -d db`` started nothing: the service had another name, and no port."""
    db = COMPOSE["services"]["db"]
    values = {name: by_default(text) for name, text in db["environment"].items()}
    (port,) = [by_default(text) for text in db["ports"]]
    address, _, inside = port.rpartition(":")
    url = "postgresql+psycopg2://{POSTGRES_USER}:{POSTGRES_PASSWORD}@{address}/{POSTGRES_DB}"

    assert (address, inside) == ("127.0.0.1:5432", "5432")
    assert url.format(**values, address=address) in OPERATIONS
    assert "docker compose up -d db" in OPERATIONS
    assert by_default(COMPOSE["services"]["engine"]["environment"]["DATABASE_URL"]) == url.format(
        **values, address="db:5432"
    )


def test_container_listens_on_all_addresses_and_demands_a_key() -> None:
    assert re.search(r"\bHOST=0\.0\.0\.0", DOCKERFILE)
    assert COMPOSE["services"]["engine"]["environment"]["API_KEY"].startswith("${API_KEY:?")


def test_every_port_is_published_on_this_machine_alone() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]

    assert len(ports) == 2
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_named_volume_is_declared() -> None:
    used = {volume.partition(":")[0] for service in COMPOSE["services"].values() for volume in service["volumes"]}

    assert used == set(COMPOSE["volumes"])


def test_everything_the_image_copies_is_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    needed = {"requirements.txt", "constraints.txt", "order_engine", "migrations", "alembic.ini", "templates", "static"}

    assert {f"!{name}" for name in needed} <= set(ignored)
    assert [name for name in needed if not (ROOT / name).exists()] == []


def test_image_installs_the_pinned_versions() -> None:
    (install,) = [line for line in instructions("RUN") if line.startswith("pip install")]

    assert re.findall(r"--(requirement|constraint) (\S+)", install) == [
        ("requirement", "requirements.txt"),
        ("constraint", "constraints.txt"),
    ]
