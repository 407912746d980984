"""DATABASE_URL: what is accepted, what is refused, and that no error shows a password."""

from pathlib import Path

import pytest

from order_engine.database.database_url import parse_database_url, reading_options, writing_options
from order_engine.database.errors import DatabaseUrlInvalid
from order_engine.database.hang_guard import HangGuard


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_postgresql_names_the_same_driver(scheme: str) -> None:
    url = parse_database_url(f"{scheme}://user:word@host:5433/name")

    assert url.render_as_string(hide_password=False) == "postgresql+psycopg2://user:word@host:5433/name"


def test_relative_sqlite_path_counts_from_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    assert parse_database_url("sqlite:///var/exchange.db").database == str(tmp_path / "var/exchange.db")


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "mysql://user:word@host/name", "sqlite://", "sqlite:///:memory:", "postgres://u:word@host:port/x"],
)
def test_address_that_cannot_be_used_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(DatabaseUrlInvalid, match="DATABASE_URL: expected") as caught:
        parse_database_url(text)

    assert "word" not in str(caught.value)


def test_own_settings_of_the_address_are_left_alone() -> None:
    url = parse_database_url("postgresql://host/name?connect_timeout=1&options=-csearch_path%3Dmine")

    for options in (reading_options(url, HangGuard()), writing_options(url, HangGuard())):
        assert {"connect_timeout", "options"}.isdisjoint(options["connect_args"])
