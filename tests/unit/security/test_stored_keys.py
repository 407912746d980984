"""Stored keys: made, rotated and revoked as values; only their digests are kept."""

import hashlib

import pytest

from order_engine.security import stored_keys
from order_engine.security.stored_keys import KeyUnusable, Scope, StoredKeys

NOW, LATER = "2026-11-22T03:00:00Z", "2026-11-22T04:00:00Z"


def made(*owners: str | None, signs: bool = False) -> tuple[StoredKeys, list[stored_keys.Issued]]:
    keys, issued = StoredKeys(), []
    for owner in owners:
        scope = Scope.ADMIN if owner is None else Scope.TRADE
        keys, each = stored_keys.create(keys, owner, [scope], NOW, signs=signs)
        issued.append(each)
    return keys, issued


def test_key_is_256_random_bits_of_which_the_digest_is_kept() -> None:
    keys, (first, second) = made("alice", "alice")

    assert first.key != second.key
    assert len(first.key) >= len("oe_") + 43
    assert keys.keys[0].digest == hashlib.sha256(first.key.encode()).hexdigest()
    assert first.key not in repr(keys)


def test_ids_name_the_owner_and_are_never_used_again() -> None:
    keys, _ = made("alice", "bob", None, "alice")
    keys = stored_keys.revoke(keys, "alice-2", LATER)
    keys, issued = stored_keys.create(keys, "alice", [Scope.READ], LATER)

    assert [key.id for key in keys.keys] == ["alice-1", "bob-1", "admin-1", "alice-2", "alice-3"]
    assert issued.stored.id == "alice-3"


def test_admins_key_without_a_user_and_the_key_of_a_user_named_admin_differ() -> None:
    keys, _ = made(None, "admin")

    assert [(key.id, key.user) for key in keys.keys] == [("admin-1", None), ("admin-2", "admin")]


def test_rotation_keeps_id_user_and_scopes_and_changes_both_secrets() -> None:
    keys, (old,) = made("alice", signs=True)
    changed, new = stored_keys.rotate(keys, "alice-1", LATER)

    assert (new.stored.id, new.stored.user, new.stored.scopes) == ("alice-1", "alice", (Scope.TRADE,))
    assert new.stored.created == NOW
    assert new.stored.rotated == LATER
    assert new.key != old.key
    assert new.stored.digest != old.stored.digest
    assert changed.signing_secrets == {"alice-1": new.signing_secret} != {"alice-1": old.signing_secret}


def test_revoked_key_stays_listed_without_its_signing_secret() -> None:
    keys, _ = made("alice", signs=True)
    keys = stored_keys.revoke(keys, "alice-1", LATER)

    assert keys.keys[0].revoked == LATER
    assert keys.signing_secrets == {}
    assert not keys.has_live_key("alice")
    for change in (stored_keys.rotate, stored_keys.revoke):
        with pytest.raises(KeyUnusable, match="revoked"):
            change(keys, "alice-1", LATER)


def test_unknown_id_missing_scope_and_missing_user_are_refused() -> None:
    with pytest.raises(KeyUnusable, match="no key"):
        stored_keys.revoke(StoredKeys(), "alice-1", NOW)
    with pytest.raises(KeyUnusable, match="scope"):
        stored_keys.create(StoredKeys(), "alice", [], NOW)
    with pytest.raises(KeyUnusable, match="user"):
        stored_keys.create(StoredKeys(), None, [Scope.TRADE], NOW)
