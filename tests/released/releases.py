"""The golden files of released versions: the data of their users, and what that version read in it."""

import gzip
import tarfile
from pathlib import Path

import msgspec
from msgspec import Struct

HERE = Path(__file__).resolve().parent


class Release(Struct, frozen=True, kw_only=True, rename={"name": "release"}):
    """``hashes`` are those of the state by sequence, ``snapshots`` by file, in the form that the release dumped."""

    name: str
    journal_id: str
    sequence: int
    state_hash: str
    hashes: dict[int, str]
    events_sha256: str
    snapshots: dict[str, str]
    settings: dict[str, str]
    live_orders: int

    def unpack(self, directory: Path) -> Path:
        """Unpack the release's data directory; return it."""
        with tarfile.open(HERE / self.name / "data.tar.gz") as archive:
            archive.extractall(directory, filter="data")
        return directory

    def postgresql_dump(self) -> str:
        """Return the SQL that fills an empty PostgreSQL database."""
        return gzip.decompress((HERE / self.name / "postgresql.sql.gz").read_bytes()).decode()


def all_releases() -> list[Release]:
    """Every released version, by name."""
    return [msgspec.json.decode(path.read_bytes(), type=Release) for path in sorted(HERE.glob("*/expected.json"))]
