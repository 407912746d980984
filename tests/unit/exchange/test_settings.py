"""Settings: each variable has a default, and a bad value is named with what was found and what is expected."""

from pathlib import Path
from typing import Any

import pytest

from order_engine.exchange.memory_limit import live_orders_that_fit, memory_limit_bytes
from order_engine.journal.committer import SyncMode
from order_engine.matching.commands import Configure
from order_engine.settings import LOOPBACK_HOSTS, VARIABLES, SettingInvalid, Settings


def bounded(**settings: Any) -> Configure:  # Any: each has the type of its field
    """Make the settings with the bounds of today."""
    return Configure(
        trades_max=10_000,
        iceberg_slices_max=100,
        admins_list_beyond_max=True,
        endings_max=10_000,
        everybody_can_be_disabled=True,
        **settings,
    )


def test_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({})

    assert (settings.host, settings.port, settings.exchange_cpu) == ("127.0.0.1", 5000, None)
    assert settings.data_dir == Path("var")
    assert settings.database_url == f"sqlite:///{Path('var').absolute()}/exchange.db"
    assert settings.api_key is None
    assert settings.journal_sync is SyncMode.ALWAYS
    assert settings.snapshot_interval_sec == 60
    assert settings.matching == bounded(max_live_orders=live_orders_that_fit(memory_limit_bytes()))


def test_empty_variables_are_as_good_as_absent() -> None:
    assert Settings.from_environment({variable.name: " " for variable in VARIABLES}) == Settings.from_environment({})


def test_what_matching_reads_comes_from_the_environment() -> None:
    environment = {
        "AUTO_LIST": "no",
        "MAX_INSTRUMENTS": "3",
        "MAX_LIVE_ORDERS": "7",
        "DEFAULT_TICK_SIZE": "0.25",
        "DEFAULT_LOT_SIZE": "1",
        "JOURNAL_SYNC": "Interval",
    }

    settings = Settings.from_environment(environment)

    assert settings.matching == bounded(
        auto_list=False,
        max_instruments=3,
        max_live_orders=7,
        default_tick_size_e8=25_000_000,
        default_lot_size_e8=100_000_000,
    )
    assert settings.journal_sync is SyncMode.INTERVAL


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "5000.0"),
        ("EXCHANGE_CPU", "the second"),
        ("SNAPSHOT_INTERVAL_SEC", "-1"),
        ("SNAPSHOT_INTERVAL_SEC", "1e3"),
        ("JOURNAL_SYNC", "sometimes"),
        ("MAX_PROJECTION_LAG", "-1"),
        ("AUTO_LIST", "maybe"),
        ("MAX_INSTRUMENTS", "0"),
        ("MAX_LIVE_ORDERS", "0"),
        ("DEFAULT_TICK_SIZE", "0"),
        ("DEFAULT_TICK_SIZE", "nan"),
        ("DEFAULT_TICK_SIZE", "0.000000001"),
        ("DEFAULT_LOT_SIZE", "-1"),
        ("LOG_LEVEL", "loud"),
        ("OPEN", "maybe"),
        ("ALLOWED_HOSTS", "localhost:5000"),
        ("CORS_ORIGINS", "example.org"),
    ],
)
def test_bad_value_is_named_with_what_was_found_and_what_is_expected(name: str, found: str) -> None:
    (variable,) = (variable for variable in VARIABLES if variable.name == name)

    with pytest.raises(SettingInvalid) as raised:
        Settings.from_environment({name: found})

    assert str(raised.value) == f"{name}: found {found!r}, expected {variable.expected}"


@pytest.mark.parametrize("key", ["with\ttabs in it", "schlüssel-schlüssel"])
def test_bad_key_is_not_shown(key: str) -> None:
    with pytest.raises(SettingInvalid) as raised:
        Settings.from_environment({"API_KEY": key})

    assert key not in str(raised.value)
    assert str(raised.value).startswith("API_KEY: found a value that is not shown, expected")


@pytest.mark.parametrize(("text", "expected"), [("", None), ("1", 1), ("NONE", "none")])
def test_processor_of_the_exchange_is_chosen_named_or_left_to_the_system(text: str, expected: object) -> None:
    assert Settings.from_environment({"EXCHANGE_CPU": text}).exchange_cpu == expected


def test_short_key_starts_and_no_lag_is_too_long_by_default() -> None:
    settings = Settings.from_environment({"API_KEY": "devkey"})

    assert (settings.api_key, settings.max_projection_lag) == ("devkey", 0)


def test_every_variable_is_described() -> None:
    assert all(variable.description.endswith(".") for variable in VARIABLES)
    assert {variable.name.lower() for variable in VARIABLES} == set(Settings._fields)


@pytest.mark.parametrize("text", ["", "  "])
def test_empty_api_key_counts_as_unset(text: str) -> None:
    settings = Settings.from_environment({"API_KEY": text})

    assert settings.api_key is None
    assert settings.hosts(has_keys=False) == LOOPBACK_HOSTS
