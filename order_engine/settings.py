"""Settings: the environment variables, read once, checked and frozen. ``VARIABLES`` documents each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from order_engine.exchange.memory_limit import live_orders_that_fit, memory_limit_bytes
from order_engine.exchange.retention import RetentionMode
from order_engine.journal.archive import ARCHIVE_DIRECTORY
from order_engine.journal.committer import SEGMENT_BYTES_MAX, SyncMode
from order_engine.matching.bounds import ENDINGS_MAX, ICEBERG_SLICES_MAX, TRADES_MAX
from order_engine.matching.commands import Configure, SelfTradePrevention
from order_engine.wire.identifiers import parse_choice
from order_engine.wire.units import parse_positive_amount

PORT_MAX = 65_535
ANY_PROCESSOR = "none"
ANY_HOST = "*"
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
API_KEY_LENGTH_ADVISED = 8


class SettingInvalid(ValueError):
    """An environment variable has an invalid value."""


class LogLevel(StrEnum):
    """The log level."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Settings(NamedTuple):
    """The settings of one process, each named for its variable. Never print ``database_url``."""

    host: str
    port: int
    exchange_cpu: int | str | None
    max_connections: int
    max_feed_clients: int
    client_timeout_sec: int
    data_dir: Path
    database_url: str
    api_key: str | None
    open: bool
    allowed_hosts: tuple[str, ...]
    cors_origins: tuple[str, ...]
    snapshot_interval_sec: int
    journal_sync: SyncMode
    journal_segment_bytes: int
    journal_retention: RetentionMode
    archive_dir: Path
    max_projection_lag: int
    accept_clock: bool
    auto_list: bool
    max_instruments: int
    max_live_orders: int | None
    default_tick_size: int
    default_lot_size: int
    self_trade_prevention: SelfTradePrevention
    log_level: LogLevel

    @staticmethod
    def from_environment(environ: Mapping[str, str]) -> Settings:
        """Read every variable, or its default if it is absent or empty; raise ``SettingInvalid``."""
        values = {variable.name.lower(): variable.read(environ) for variable in VARIABLES}
        if values["database_url"] is None:
            values["database_url"] = f"sqlite:///{values['data_dir'].absolute() / 'exchange.db'}"
        if values["archive_dir"] is None:
            values["archive_dir"] = values["data_dir"] / ARCHIVE_DIRECTORY
        return Settings(**values)

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"

    @property
    def url(self) -> str:
        """Where clients on this machine find the server."""
        return f"http://{self._host_in_urls}:{self.port}"

    @property
    def _host_in_urls(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def hosts(self, *, has_keys: bool) -> frozenset[str]:
        """Return the names that a request may give in ``Host``."""
        if self.allowed_hosts or has_keys:
            return frozenset(self.allowed_hosts or (ANY_HOST,))
        return LOOPBACK_HOSTS | {self._host_in_urls} if self.is_loopback else LOOPBACK_HOSTS

    @property
    def matching(self) -> Configure:
        """The settings that matching reads, with the bounds of today."""
        return Configure(
            default_tick_size_e8=self.default_tick_size,
            default_lot_size_e8=self.default_lot_size,
            auto_list=self.auto_list,
            max_instruments=self.max_instruments,
            self_trade_prevention=self.self_trade_prevention,
            trades_max=TRADES_MAX,
            iceberg_slices_max=ICEBERG_SLICES_MAX,
            max_live_orders=self.max_live_orders or live_orders_that_fit(memory_limit_bytes()),
            admins_list_beyond_max=True,
            endings_max=ENDINGS_MAX,
            everybody_can_be_disabled=True,
        )


class Variable(NamedTuple):
    """An environment variable; ``expected`` completes the sentence "expected ..."."""

    name: str
    default: str
    parse: Callable[[str], Any]  # Any: the type of its field in Settings
    expected: str
    description: str

    def read(self, environ: Mapping[str, str]) -> Any:
        """Return the variable's value, or raise ``SettingInvalid`` with what was found and expected."""
        text = environ.get(self.name, "").strip() or self.default
        try:
            return self.parse(text)
        except ValueError:
            found = "a value that is not shown" if self.name in _SECRET else repr(text)
            raise SettingInvalid(f"{self.name}: found {found}, expected {self.expected}") from None


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return parse


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text.lower()]


def _api_key(text: str) -> str | None:
    if not text.isascii() or not text.isprintable():
        raise ValueError(text)
    return text or None


def _host_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if any(_HOST_NAME.fullmatch(name) is None for name in names):
        raise ValueError(text)
    return names


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.strip() for origin in text.split(",") if origin.strip())
    if any(_ORIGIN.fullmatch(origin) is None for origin in origins):
        raise ValueError(text)
    return origins


def _processor(text: str) -> int | str | None:
    if text.lower() == ANY_PROCESSOR:
        return ANY_PROCESSOR
    return int(text) if text else None


def _live_orders(text: str) -> int | None:
    return _between(1, 100_000_000)(text) if text else None


_HOST_NAME = re.compile(r"\*|[\w.-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9.:\[\]_-]+")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_SECRET = frozenset({"API_KEY", "DATABASE_URL"})

VARIABLES = (
    Variable("HOST", "127.0.0.1", str, "an address", "The address to listen on."),
    Variable("PORT", "5000", _between(0, PORT_MAX), f"0 to {PORT_MAX}", "The port to listen on."),
    Variable(
        "EXCHANGE_CPU",
        "",
        _processor,
        "the number of a processor, or none",
        "The processor of the exchange; its followers use the others. none: no pinning. By default one is chosen.",
    ),
    Variable(
        "MAX_CONNECTIONS",
        "1000",
        _between(1, 100_000),
        "1 to 100000",
        "How many connections may wait for their clients; beyond that the longest waiting is closed.",
    ),
    Variable(
        "MAX_FEED_CLIENTS",
        "10000",
        _between(0, 100_000),
        "0 to 100000",
        "How many clients the WebSocket feeds have at most; 0: none.",
    ),
    Variable(
        "CLIENT_TIMEOUT_SEC",
        "65",
        _between(1, 3_600),
        "1 to 3600",
        "Seconds a client has to send a request, to read its response, and to send the next request.",
    ),
    Variable("DATA_DIR", "var", Path, "a directory", "The directory of journal, snapshots and SQLite file."),
    Variable(
        "DATABASE_URL",
        "",
        lambda text: text or None,
        "an SQLAlchemy URL",
        "SQLite or PostgreSQL, as an SQLAlchemy URL; by default exchange.db in DATA_DIR.",
    ),
    Variable(
        "API_KEY",
        "",
        _api_key,
        "printable ASCII characters",
        "An admin's key. With neither it nor stored keys everybody may do everything.",
    ),
    Variable(
        "OPEN",
        "false",
        _flag,
        "true or false",
        "Whether the server starts without a key on an address that other machines can reach.",
    ),
    Variable(
        "ALLOWED_HOSTS",
        "",
        _host_names,
        "names without ports, separated by commas, or *",
        "The names that a request may give in Host; by default any with a key, those of this machine without.",
    ),
    Variable(
        "CORS_ORIGINS",
        "",
        _origins,
        "origins such as https://example.org, separated by commas",
        "The other sites whose pages may use the exchange.",
    ),
    Variable(
        "SNAPSHOT_INTERVAL_SEC",
        "60",
        _between(0, 86_400),
        "0 to 86400",
        "Seconds between snapshots; 0: only at the stop.",
    ),
    Variable(
        "JOURNAL_SYNC",
        "always",
        lambda text: parse_choice(SyncMode, text),
        "always, interval or off",
        "When the journal is synced to disk: before each response, every 100 ms, or by the operating system.",
    ),
    Variable(
        "JOURNAL_SEGMENT_BYTES",
        str(SEGMENT_BYTES_MAX),
        _between(1_024, 1 << 32),
        f"1024 to {1 << 32}",
        "The size at which a segment of the journal is closed and the next one begins.",
    ),
    Variable(
        "JOURNAL_RETENTION",
        "archive",
        lambda text: parse_choice(RetentionMode, text),
        "archive, keep or remove",
        "What happens to segments that snapshots, database and audit log no longer need.",
    ),
    Variable(
        "ARCHIVE_DIR",
        "",
        lambda text: Path(text) if text else None,
        "a directory",
        "The directory of archived segments; by default archive in DATA_DIR.",
    ),
    Variable(
        "MAX_PROJECTION_LAG",
        "0",
        _between(0, 100_000_000),
        "0 to 100000000",
        "Refuse orders and amends with 503 if the database is more commands behind than this; 0: never.",
    ),
    Variable(
        "ACCEPT_CLOCK",
        "false",
        _flag,
        "true or false",
        "Accept the clock at the start even if the last record is more than 30 days old.",
    ),
    Variable("AUTO_LIST", "true", _flag, "true or false", "Whether the first order in a symbol lists it."),
    Variable("MAX_INSTRUMENTS", "10000", _between(1, 1_000_000), "1 to 1000000", "How many symbols orders may list."),
    Variable(
        "MAX_LIVE_ORDERS",
        "",
        _live_orders,
        "1 to 100000000",
        "How many orders may rest or wait; by default what fits into the memory, at most 1000000.",
    ),
    Variable(
        "DEFAULT_TICK_SIZE",
        "0.01",
        parse_positive_amount,
        "a positive number of at most 8 decimals",
        "The tick size of a symbol that is listed without one.",
    ),
    Variable(
        "DEFAULT_LOT_SIZE",
        "0.00000001",
        parse_positive_amount,
        "a positive number of at most 8 decimals",
        "The lot size of a symbol that is listed without one.",
    ),
    Variable(
        "SELF_TRADE_PREVENTION",
        "NONE",
        lambda text: parse_choice(SelfTradePrevention, text),
        ", ".join(SelfTradePrevention),
        "The self-trade prevention of orders, if neither the order nor the instrument sets one.",
    ),
    Variable(
        "LOG_LEVEL",
        "INFO",
        lambda text: parse_choice(LogLevel, text),
        "DEBUG, INFO, WARNING or ERROR",
        "The log level.",
    ),
)
