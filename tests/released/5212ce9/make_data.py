"""Make the golden files of release 5212ce9 beside this script, by running that release in this process.

    git worktree add /tmp/released 5212ce9
    cd /tmp/released && PYTHONPATH=. python <this script>

``data.tar.gz`` is a data directory: a journal of many segments, some of them archived, snapshots, the audit log and the
SQLite file. ``postgresql.sql.gz`` is a dump of the same projection. ``expected.json`` says what that release made of
the journal. Never run this again to repair a failing test: the files are what users of that release have on disk.
"""

import gzip
import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import msgspec
from order_engine.service.exchange_state import ExchangeState, state_hash
from order_engine.service.recovery import Recovery
from order_engine.service.snapshots import read_snapshot

from order_engine.bootstrap import Venue
from order_engine.journal.disk import LocalDisk
from order_engine.journal.record import Retry
from order_engine.matching.commands import Command, ScheduledState, SessionState, SetInstrument, SetState
from order_engine.settings import Settings
from tests.naive.random_commands import RandomCommands
from tests.postgres_cluster import running_cluster

HERE = Path(__file__).resolve().parent
RELEASE = "5212ce9"
START_NS = 1_700_000_000_000_000_000
SECOND_NS = 1_000_000_000
HOUR = 3_600
CHUNK = 150
SEEDS = (7, 11, 23, 42)
SETTINGS = {"SNAPSHOT_INTERVAL_SEC": "0", "JOURNAL_SEGMENT_BYTES": "12288", "JOURNAL_RETENTION": "archive"}


class HandClock:
    """A clock that this script moves."""

    def __init__(self) -> None:
        self.now = START_NS

    def now_ns(self) -> int:
        return self.now


@contextmanager
def running_venue(directory: Path, clock: HandClock, **more: str) -> Iterator[Venue]:
    settings = Settings.from_environment({"DATA_DIR": str(directory), **SETTINGS, **more})
    venue = Venue(settings, clock=clock, advance_snapshot=lambda sequence: advance(sequence))

    def advance(sequence: int):
        return venue.recovery.advance_snapshot(sequence, venue._covered_sequence())

    venue.start()
    assert venue.wait_started(60), venue.exchange.fault
    try:
        yield venue
        assert venue.exchange.fault is None, venue.exchange.fault
    finally:
        venue.close()


def commands_of(seed: int) -> Iterator[Command]:
    """Random commands whose times of day fit this clock: an order's end is moved to the hour that comes."""
    stream = RandomCommands(seed)
    for step in stream.steps(10_000):
        command = step.command
        ends_ns = getattr(command, "expire_at_ns", None)
        if ends_ns is not None:
            command = msgspec.structs.replace(command, expire_at_ns=START_NS + (ends_ns - step.timestamp_ns) * 50_000)
        yield command


def trade_for_a_while(venue: Venue, clock: HandClock, seed: int) -> None:
    chance = Random(seed)
    commands = commands_of(seed)
    for number in range(CHUNK):
        clock.now += chance.choice((0, 1_000, 7_000_000, SECOND_NS))
        count = chance.choice((1, 1, 1, 1, 2, 5))
        key = f"key-{seed}-{number}"
        retry = Retry(scope=f"user:{number % 3}", key=key, fingerprint=hashlib.sha256(key.encode()).hexdigest())
        actor = chance.choice((None, None, "the operator", "key:abc"))
        venue.exchange.submit(list(islice(commands, count)), retry if number % 4 == 0 else None, actor)


def set_a_schedule(venue: Venue, clock: HandClock) -> None:
    """Sessions that change by the clock; then hours pass, so that the schedule's own commands are journaled."""
    schedule = (
        ScheduledState(second_of_day=8 * HOUR, state=SessionState.PRE_OPEN),
        ScheduledState(second_of_day=9 * HOUR, state=SessionState.OPEN),
        ScheduledState(second_of_day=17 * HOUR, state=SessionState.CLOSED),
    )
    venue.exchange.submit([SetInstrument(symbol="TIMED", schedule=schedule)])
    for _ in range(30):
        clock.now += HOUR * SECOND_NS
        venue.exchange.submit([SetInstrument(symbol="TIMED")])
    for symbol in ("AAA", "BBB", "CCC"):
        venue.exchange.submit([SetState(symbol=symbol, state=SessionState.OPEN)])


def order_over_http(venue: Venue) -> None:
    """Requests as clients send them: ids of the clients' own, icebergs, stops, a batch, a retry, a mass cancel."""
    client = venue.app.test_client()
    bodies = [
        {"symbol": "WEB", "side": "BUY", "quantity": "5", "price": "10.00", "user_id": "zoe", "client_order_id": "z-1"},
        {"symbol": "WEB", "side": "SELL", "quantity": "7", "price": "10.00", "user_id": "yan", "display_quantity": "2"},
        {"symbol": "WEB", "side": "SELL", "quantity": "1", "price": "10.50", "user_id": "zoe"},
        {"symbol": "WEB", "side": "SELL", "quantity": "3", "type": "STOP", "stop_price": "9.00", "user_id": "yan"},
    ]
    for number, body in enumerate(bodies):
        for _ in range(2):
            response = client.post("/orders", json=body, headers={"Idempotency-Key": f"web-{number}"})
            assert response.status_code < 300, response.text
    assert client.post("/orders/batch", json={"orders": bodies[2:3] * 3}).status_code < 300
    assert client.get("/market/WEB/depth").status_code == 200


def take_snapshot(venue: Venue) -> None:
    venue.projector.wait_projected(venue.exchange.durable_sequence, 60)
    venue.snapshotter.take()
    venue.retention.tend()


def make_directory(directory: Path, killed: Path, clock: HandClock) -> None:
    """Run some servers that stop in good order, and a last one that is killed: ``killed`` is what it leaves."""
    steps: list[Callable[[Venue], None]] = [
        lambda venue, seed=seed: trade_for_a_while(venue, clock, seed) for seed in SEEDS
    ]
    for step in (*steps, lambda venue: set_a_schedule(venue, clock), order_over_http):
        with running_venue(directory, clock) as venue:
            step(venue)
            venue.exchange.submit([venue._settings.matching])
            take_snapshot(venue)
    with running_venue(directory, clock) as venue:
        trade_for_a_while(venue, clock, 99)
        venue.exchange.submit([venue._settings.matching])
        take_snapshot(venue)
        # What the last snapshot does not have: a start must read the journal's tail.
        order_over_http_again(venue)
        assert venue.projector.wait_projected(venue.exchange.durable_sequence, 60)
        shutil.copytree(directory, killed)


def order_over_http_again(venue: Venue) -> None:
    client = venue.app.test_client()
    for price in ("10.10", "10.20", "10.30"):
        body = {"symbol": "WEB", "side": "BUY", "quantity": "1", "price": price, "user_id": "zoe"}
        assert client.post("/orders", json=body).status_code < 300


def expected_of(directory: Path) -> dict[str, object]:
    """What this release says of the journal, from its beginning, and of each snapshot."""
    recovery = Recovery(directory, LocalDisk())
    state, events = ExchangeState(), hashlib.sha256()
    hashes = {}
    for record in recovery._new_reader().records():
        events.update(msgspec.json.encode(state.apply(record).events))
        hashes[state.sequence] = state_hash(state.dump())
    last_sequence = state.sequence
    snapshots = {}
    for path in recovery.files.paths_newest_first():
        header = read_snapshot(recovery.files.read(path)).header
        assert hashes[header.sequence] == header.state_hash
        snapshots[path.name] = header.state_hash
    kinds = sorted(
        {type(command).__name__ for record in recovery._new_reader().records() for command in record.commands}
    )
    return {
        "release": RELEASE,
        "journal_id": recovery.journal_id(),
        "sequence": last_sequence,
        "state_hash": hashes[last_sequence],
        "hashes": {sequence: hashes[sequence] for sequence in sorted(hashes) if sequence % 50 == 0},
        "events_sha256": events.hexdigest(),
        "snapshots": snapshots,
        "settings": SETTINGS,
        "commands": kinds,
        "live_orders": len(state.engine.live.by_id),
    }


def packed(directory: Path) -> bytes:
    """A tar file that names neither this machine nor its user."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and path.name not in ("lock", "exchange.db-shm"):
                entry = tarfile.TarInfo(str(path.relative_to(directory)))
                entry.size = path.stat().st_size
                archive.addfile(entry, io.BytesIO(path.read_bytes()))
    return content.getvalue()


def dump_of(directory: Path, clock: HandClock) -> bytes:
    """Project the same journal into an empty PostgreSQL, by a start; return its dump in plain SQL."""
    with TemporaryDirectory() as copy, running_cluster() as cluster:
        shutil.copytree(directory, copy, dirs_exist_ok=True)
        for path in Path(copy).glob("exchange.db*"):
            path.unlink()
        with running_venue(Path(copy), clock, DATABASE_URL=cluster.url) as venue:
            assert venue.projector.wait_projected(venue.exchange.durable_sequence, 60)
        command = [
            "pg_dump",
            "--no-owner",
            "--no-privileges",
            "-h",
            "127.0.0.1",
            "-p",
            str(cluster.port),
            "-U",
            "postgres",
        ]
        dumped = subprocess.run([*command, "postgres"], stdout=subprocess.PIPE, check=True).stdout
        # Commands of psql that older ones do not know, with a random word in them.
        return b"".join(line for line in dumped.splitlines(keepends=True) if b"restrict" not in line[:12])


def main() -> None:
    clock = HandClock()
    with TemporaryDirectory() as name:
        directory = Path(name) / "killed"
        make_directory(Path(name) / "data", directory, clock)
        expected = expected_of(directory)
        (HERE / "data.tar.gz").write_bytes(gzip.compress(packed(directory), mtime=0))
        (HERE / "postgresql.sql.gz").write_bytes(gzip.compress(dump_of(directory, clock), mtime=0))
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
