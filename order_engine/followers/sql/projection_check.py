"""Compares the projection with the journal: every row, in the journal's order.

One transaction reads all tables, so a running server does not disturb the comparison. The rows are streamed: memory
holds only live orders, positions, and the candles of one interval.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Connection, Table, create_engine, inspect, select

from order_engine.database.checkpoint import Checkpoint, read_checkpoint
from order_engine.database.database import Database
from order_engine.database.database_url import parse_database_url, read_only_creator, sqlite_path
from order_engine.database.errors import SchemaUnknown
from order_engine.database.migrations import check_revision
from order_engine.database.tables import Base, CandleRow, CheckpointRow
from order_engine.database.wide_integer import WideInteger
from order_engine.exchange.applied import Applied
from order_engine.exchange.verification import DifferenceFound
from order_engine.followers.sql.columns import (
    INSTRUMENT_COLUMNS,
    ORDER_CHANGES,
    ORDER_COLUMNS,
    ORDER_EVENT_COLUMNS,
    ORDER_KEY,
    ORDER_TERMS,
    POSITION_COLUMNS,
    STATE_COLUMNS,
    TRADE_COLUMNS,
)
from order_engine.followers.sql.rows import PositionTrades, Row, Rows, Settlement, position_row, rows_of
from order_engine.market_data.candles import KEPT_LENGTHS, Candle, CandleKey
from order_engine.market_data.positions import Position
from order_engine.matching.commands import SessionState

_ROWS_AT_A_TIME = 1_000
_FINAL = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED"})
_CANDLE_COLUMNS = (*CandleKey._fields, *Candle.__struct_fields__)
_EVENT_KEY = ("sequence", "number")


class ProjectionCounts(Struct, kw_only=True):
    """How many rows were compared, up to which sequence."""

    checkpoint: int
    orders: int = 0
    trades: int = 0
    order_events: int = 0
    instruments: int = 0
    candles: int = 0
    positions: int = 0


class ProjectionCheck:
    """Compares the tables with the journal; see ``Follower``. Valid while the connection's transaction is open."""

    def __init__(self, connection: Connection, checkpoint: Checkpoint) -> None:
        self._connection = connection
        self._checkpoint = checkpoint
        self.counts = ProjectionCounts(checkpoint=checkpoint.sequence)
        self._orders = _TableReader(connection, "orders", ORDER_COLUMNS, ORDER_KEY)
        self._trades = _TableReader(connection, "trades", TRADE_COLUMNS, _EVENT_KEY)
        self._order_events = _TableReader(connection, "order_events", ORDER_EVENT_COLUMNS, _EVENT_KEY)
        self._candles = [_CandleReader(connection, seconds) for seconds in KEPT_LENGTHS]
        self._positions = _PositionReader(connection)
        self._live: dict[int, tuple[Row, Row]] = {}
        self._instruments: dict[Any, Row] = {}  # Any: a symbol

    def check_journal(self, journal_id: str | None) -> None:
        """Raise ``DifferenceFound`` if the rows belong to another journal."""
        found = self._checkpoint.journal_id
        if found != journal_id:
            raise DifferenceFound("projection_checkpoint, journal_id", journal_id, found)

    def follow(self, applied: Applied) -> None:
        """Compare the rows of a record, unless it is beyond the checkpoint."""
        record, checkpoint = applied.record, self._checkpoint.sequence
        if record.sequence > checkpoint:
            return
        if record.last_sequence > checkpoint:
            expected = f"one that ends a record, as {record.sequence - 1} or {record.last_sequence}"
            raise DifferenceFound("projection_checkpoint, sequence", expected, checkpoint)
        rows = rows_of((applied,))
        self._compare_orders(rows)
        self._trades.compare(rows.trades)
        self._order_events.compare(rows.order_events)
        self._follow_instruments(rows)
        for candles in self._candles:
            candles.add(rows.candles)
        self._positions.add(rows.positions)
        for settlement in rows.settlements:
            self._positions.end(settlement)

    def finish(self, last_sequence: int) -> None:
        """Compare the orders that are still live, and check that no row is left over."""
        if self._checkpoint.sequence > last_sequence:
            expected = f"at most {last_sequence}, where the journal ends"
            raise DifferenceFound("projection_checkpoint, sequence", expected, self._checkpoint.sequence)
        for expected_row, found_row in self._live.values():
            self._orders.require_same(expected_row, found_row)
        for table in (self._orders, self._trades, self._order_events):
            table.finish()
        for candles in self._candles:
            candles.finish()
        self._positions.finish()
        self._compare_instruments()
        counts = self.counts
        counts.orders, counts.trades = self._orders.count, self._trades.count
        counts.order_events, counts.positions = self._order_events.count, self._positions.count
        counts.candles = sum(candles.count for candles in self._candles)

    def _compare_orders(self, rows: Rows) -> None:
        for row in rows.new_orders:
            self._compare_if_final(row, self._orders.take(row))
        for row in rows.changed_orders:
            key = row[len(ORDER_CHANGES) :]
            expected, found = self._live.pop(_integer(key[0]))
            self._compare_if_final(expected[: len(ORDER_TERMS)] + row, found)

    def _compare_if_final(self, expected: Row, found: Row) -> None:
        if expected[ORDER_COLUMNS.index("status")] in _FINAL:
            self._orders.require_same(expected, found)
        else:
            self._live[_integer(expected[-1])] = (expected, found)

    def _follow_instruments(self, rows: Rows) -> None:
        terms = len(INSTRUMENT_COLUMNS)
        for delisted in rows.delisted:
            self._instruments.pop(delisted, None)
        for row in rows.instruments:
            known = self._instruments.get(row[0])
            # A session starts OPEN when its instrument is listed. A later change of terms keeps its state.
            state = (SessionState.OPEN.value, row[INSTRUMENT_COLUMNS.index("updated_ns")])
            self._instruments[row[0]] = row + (state if known is None else known[terms:])
        for symbol, *state_and_since in rows.states:
            self._instruments[symbol] = self._instruments[symbol][:terms] + tuple(state_and_since)

    def _compare_instruments(self) -> None:
        columns = INSTRUMENT_COLUMNS + STATE_COLUMNS[1:]
        table = _TableReader(self._connection, "instruments", columns, ("symbol",))
        found: dict[Any, Row] = {row[0]: row for row in table.rest()}  # Any: a symbol
        for symbol in sorted(self._instruments.keys() | found.keys()):
            table.require_same(self._instruments.get(symbol), found.get(symbol))
        self.counts.instruments = len(found)


class AbsentDatabase:
    """Stands in for the projection if there is no SQLite file. That is a difference once the journal has commands."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.counts = ProjectionCounts(checkpoint=0)

    def check_journal(self, journal_id: str | None) -> None:
        """Do nothing: there is no checkpoint."""

    def follow(self, applied: Applied) -> None:
        """Do nothing: there is nothing to compare."""

    def finish(self, last_sequence: int) -> None:
        """Raise ``DifferenceFound`` if the journal has commands."""
        if last_sequence > 0:
            raise DifferenceFound(str(self._path), f"a database up to sequence {last_sequence}", "no such file")


class _TableReader:
    """The rows of a table in the order of its key. Each is taken once."""

    def __init__(
        self,
        connection: Connection,
        name: str,
        columns: Sequence[str],
        key: Sequence[str],
        order: Sequence[str] = (),
        condition: ColumnElement[bool] | None = None,
    ) -> None:
        self._table: Table = Base.metadata.tables[name]
        self._columns = columns
        self._key = itemgetter(*(columns.index(column) for column in key))
        self._key_names = key
        self._wide = [at for at, column in enumerate(columns) if isinstance(self._table.c[column].type, WideInteger)]
        statement = select(*(self._table.c[column] for column in columns))
        if condition is not None:
            statement = statement.where(condition)
        ordered = statement.order_by(*(self._table.c[column] for column in order or key))
        self._rows: Iterator[Row] = (
            tuple(row) for row in connection.execute(ordered.execution_options(yield_per=_ROWS_AT_A_TIME))
        )
        self.count = 0

    def rest(self) -> Iterator[Row]:
        """Yield the rows that were not taken."""
        return self._rows

    def take(self, expected: Row) -> Row:
        """Return the next row, which must have this key."""
        found = next(self._rows, None)
        if found is None or self._key(found) > self._key(expected):
            self.require_same(expected, None)
        assert found is not None
        if self._key(found) < self._key(expected):
            self.require_same(None, found)
        self.count += 1
        return found

    def compare(self, rows: Sequence[Row]) -> None:
        """Compare these rows with the next ones."""
        for expected in rows:
            self.require_same(expected, self.take(expected))

    def finish(self) -> None:
        """Raise ``DifferenceFound`` if a row is left."""
        for found in self._rows:
            self.require_same(None, found)

    def require_same(self, expected: Row | None, found: Row | None) -> None:
        """Raise ``DifferenceFound`` naming the first column that differs."""
        if expected is None or found is None:
            present = found if expected is None else expected
            assert present is not None
            texts = ("no row", "a row") if expected is None else ("a row", "none")
            raise DifferenceFound(self._name(present), *texts)
        if self._plain(expected) != found:
            for column, wanted, there in zip(self._columns, self._plain(expected), found, strict=True):
                if wanted != there:
                    raise DifferenceFound(f"{self._name(expected)}, {column}", wanted, there)

    def _plain(self, expected: Row) -> Row:
        """Return an expected row as the database returns it. Integers beyond 64 bits are written as text."""
        if not self._wide:
            return expected
        plain = list(expected)
        for at in self._wide:
            plain[at] = _integer(plain[at])
        return tuple(plain)

    def _name(self, row: Row) -> str:
        key = self._key(row)
        values = key if isinstance(key, tuple) else (key,)
        named = (f"{name} {value}" for name, value in zip(self._key_names, values, strict=True))
        return f"{self._table.name}, {', '.join(named)}"


class _CandleReader:
    """The candles of one length, by interval. Time never goes back, so an interval ends when a later one begins."""

    def __init__(self, connection: Connection, seconds: int) -> None:
        of_length = CandleRow.seconds == seconds
        self._table = _TableReader(connection, "candles", _CANDLE_COLUMNS, CandleKey._fields, ("start_ns",), of_length)
        self._stretches = groupby(self._table.rest(), key=itemgetter(_CANDLE_COLUMNS.index("start_ns")))
        self._seconds = seconds
        self._start_ns = 0
        self._expected: dict[CandleKey, Candle] = {}
        self.count = 0

    def add(self, added: dict[CandleKey, Candle]) -> None:
        for key, candle in added.items():
            if key.seconds != self._seconds:
                continue
            if key.start_ns != self._start_ns:
                self._compare_stretch()
                self._start_ns = key.start_ns
            if key in self._expected:
                self._expected[key].add(candle)
            else:
                self._expected[key] = structs.replace(candle)

    def finish(self) -> None:
        self._compare_stretch()
        for _, rows in self._stretches:
            self._table.require_same(None, next(rows))

    def _compare_stretch(self) -> None:
        if not self._expected:
            return
        _, rows = next(self._stretches, (None, iter(())))
        found: dict[Any, Row] = {row[:3]: row for row in rows}  # Any: a candle's key
        expected: dict[Any, Row] = {key: (*key, *structs.astuple(candle)) for key, candle in self._expected.items()}
        for key in sorted(expected.keys() | found.keys(), key=itemgetter(2, 0)):
            self._table.require_same(expected.get(key), found.get(key))
        self.count += len(expected)
        self._expected = {}


class _PositionReader:
    """The positions, compared once all trades are known. Memory holds one for each user and symbol."""

    def __init__(self, connection: Connection) -> None:
        self._table = _TableReader(connection, "positions", POSITION_COLUMNS, POSITION_COLUMNS[:2])
        self._positions: dict[tuple[str, str], Position] = {}
        self._rows: dict[Any, Row] = {}  # Any: user and symbol
        self.count = 0

    def add(self, added: dict[tuple[str, str], PositionTrades]) -> None:
        for key, trades in added.items():
            position = self._positions.setdefault(key, Position())
            for bought_e8, price_e8 in trades.trades:
                position.trade(bought_e8, price_e8)
            self._rows[key] = position_row(key, position, trades)

    def end(self, settlement: Settlement) -> None:
        held = {key: position.net_e8 for key, position in self._positions.items() if key[1] == settlement.symbol}
        self.add({key: settlement.ending(net_e8) for key, net_e8 in held.items() if net_e8})

    def finish(self) -> None:
        found: dict[Any, Row] = {row[:2]: row for row in self._table.rest()}  # Any: user and symbol
        for key in sorted(self._rows.keys() | found.keys()):
            self._table.require_same(self._rows.get(key), found.get(key))
        self.count = len(found)


@contextmanager
def checking_projection(url: str) -> Iterator[ProjectionCheck | AbsentDatabase | None]:
    """Read the projection at a database URL as it is now; yield None if nothing was ever projected.

    Raises ``DatabaseUnavailable`` or ``SchemaOutdated``, and ``DifferenceFound`` for a database of a newer program.
    Changes nothing and creates no file.
    """
    parsed = parse_database_url(url)
    path = sqlite_path(parsed)
    if path is not None and not path.exists():
        yield AbsentDatabase(path)
        return
    database = Database(url)
    engine = create_engine(parsed) if path is None else create_engine(parsed, creator=read_only_creator(path))
    try:
        with database.translated(), engine.connect() as connection:
            _begin_still(connection)
            checkpoint = _checkpoint_of(connection)
            yield None if checkpoint is None else ProjectionCheck(connection, checkpoint)
    finally:
        engine.dispose()
        database.close()


def _begin_still(connection: Connection) -> None:
    """Begin a transaction that keeps showing what its first read saw."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    else:
        connection.exec_driver_sql("BEGIN")


def _checkpoint_of(connection: Connection) -> Checkpoint | None:
    if not inspect(connection).has_table(CheckpointRow.__tablename__):
        return None
    try:
        check_revision(connection)
    except SchemaUnknown as error:
        raise DifferenceFound(error.where, error.expected, error.found) from error
    return read_checkpoint(connection)


def _integer(value: str | int | None) -> int:
    assert value is not None
    return int(value)
