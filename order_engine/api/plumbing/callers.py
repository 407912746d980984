"""Callers: who sends a request, and what they may see and do. The API asks a ``Caller``."""

from enum import IntEnum
from typing import NamedTuple

NOBODY = ""


class Access(IntEnum):
    """The access that an operation requires, in rising order."""

    PUBLIC = 0
    """Market data: nobody needs a key for it."""
    READ = 1
    """What belongs to a user."""
    TRADE = 2
    ADMIN = 3


# Looked up once: a member of an enumeration takes as long to find as a short function to call.
_ADMIN = Access.ADMIN


class Caller(NamedTuple):
    """``scope`` separates the idempotency keys of callers; ``access`` is the highest access that the caller has.

    ``actor`` names in the journal a caller who may act for other users. ``user_id`` is whose key it is, ``key_id``
    which; both None if the caller sent no stored key. If the key ``signs``, a request counts once its signature is
    checked.
    """

    scope: str
    access: Access
    actor: str | None = None
    user_id: str | None = None
    key_id: str | None = None
    signs: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether the caller may see and do everything."""
        return self.access is _ADMIN

    @property
    def owner(self) -> str | None:
        """The only user whose things the caller may see and change; None: of everybody."""
        return None if self.access is _ADMIN else self.user_id or NOBODY

    def sees(self, user_id: str | None) -> bool:
        """Return whether the caller may see what belongs to a user; None: to nobody."""
        return self.access is _ADMIN or (user_id is not None and user_id == self.user_id)


ANYBODY = Caller(scope="anybody", access=Access.PUBLIC)
ANYBODY_WITHOUT_KEYS = Caller(scope="open", access=Access.ADMIN)
HOLDER_OF_API_KEY = Caller(scope="api_key", access=Access.ADMIN, actor="the holder of API_KEY", key_id="API_KEY")
