"""Changes of the stored keys, as an operator makes them: one at a time, each written down in the security log."""

import getpass
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from order_engine.security import stored_keys
from order_engine.security.key_file import KeyFile
from order_engine.security.security_log import SecurityLog
from order_engine.security.stored_keys import Issued, Scope, StoredKey
from order_engine.wire.timestamps import format_timestamp


class KeyRegister:
    """The keys of a data directory. Every method may raise ``KeyUnusable``, ``KeyFileDamaged`` or ``OSError``."""

    def __init__(self, data_directory: Path, now_ns: Callable[[], int]) -> None:
        self._file = KeyFile(data_directory)
        self._log = SecurityLog(data_directory, now_ns)
        self._now_ns = now_ns

    def listed(self) -> tuple[StoredKey, ...]:
        """Return all keys, revoked ones included, oldest first."""
        keys = self._file.read()
        return () if keys is None else keys.keys

    def create(self, user: str | None, scopes: Collection[Scope], *, signs: bool) -> Issued:
        """Make a key."""
        with self._file.changing() as keys:
            changed, issued = stored_keys.create(keys, user, scopes, self._now(), signs=signs)
            self._file.write(changed)
            self._note("key_created", [issued.stored])
        return issued

    def create_missing(self, users: Iterable[str], scopes: Collection[Scope], *, signs: bool) -> list[Issued]:
        """Make a key for each user who has none, all of them or none."""
        made = []
        with self._file.changing() as keys:
            for user in dict.fromkeys(users):
                if not keys.has_live_key(user):
                    keys, issued = stored_keys.create(keys, user, scopes, self._now(), signs=signs)
                    made.append(issued)
            if made:
                self._file.write(keys)
                self._note("key_created", [issued.stored for issued in made])
        return made

    def rotate(self, key_id: str) -> Issued:
        """Give a key new secrets."""
        with self._file.changing() as keys:
            changed, issued = stored_keys.rotate(keys, key_id, self._now())
            self._file.write(changed)
            self._note("key_rotated", [issued.stored])
        return issued

    def revoke(self, key_id: str) -> None:
        """End a key."""
        with self._file.changing() as keys:
            changed = stored_keys.revoke(keys, key_id, self._now())
            self._file.write(changed)
            self._note("key_revoked", [changed.find(key_id)])

    def _now(self) -> str:
        return format_timestamp(self._now_ns())

    def _note(self, event: str, keys: Iterable[StoredKey]) -> None:
        by = _operator()
        self._log.write(
            self._log.line(event, {"key": key.id, "user": key.user, "scopes": key.scopes, "by": by}) for key in keys
        )


def _operator() -> str:
    """Return who runs this program, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A user id without a name, as in a container.
        return str(os.getuid())
