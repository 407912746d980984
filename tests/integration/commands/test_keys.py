"""``keys``: makes, lists, rotates and revokes API keys from the command line."""

import csv
import json
import stat
from io import StringIO
from pathlib import Path

import pytest

from tests.integration.commands.conftest import Run


def test_key_is_printed_once_and_never_again(run: Run, tmp_path: Path) -> None:
    made = json.loads(run("keys", "create", "--user", "alice", "--scope", "TRADE", "--json").out)
    signed = json.loads(run("keys", "create", "--user", "alice", "--scope", "read", "--signed", "--json").out)
    listed = json.loads(run("keys", "list", "--json").out)

    assert (made["id"], made["user"], made["scopes"]) == ("alice-1", "alice", ["trade"])
    assert signed["signing_secret"].startswith("oes_")
    assert [(key["id"], key["scopes"]) for key in listed] == [("alice-1", ["trade"]), ("alice-2", ["read"])]
    shown = run("keys", "list").out + json.dumps(listed) + (tmp_path / "nowhere/security.log").read_text("utf-8")
    kept = (tmp_path / "nowhere/keys.json").read_text("utf-8")
    assert made["key"] not in shown + kept
    assert signed["signing_secret"] not in shown


def test_class_of_thirty_gets_its_keys_at_once(run: Run, tmp_path: Path) -> None:
    users = [f"student{number}" for number in range(30)]
    (tmp_path / "class.csv").write_text("name,user\n" + "".join(f"N,{user}\n" for user in users), encoding="utf-8")

    first = run("keys", "import", str(tmp_path / "class.csv"))
    (tmp_path / "class.csv").write_text("\n".join([*users, "late"]), encoding="utf-8")
    again = run("keys", "import", str(tmp_path / "class.csv"), "--output", str(tmp_path / "keys.csv"))

    rows = list(csv.DictReader(StringIO(first.out)))
    assert [row["user"] for row in rows] == users
    assert len({row["key"] for row in rows}) == 30
    assert again.out == ""
    assert "1 keys made; 30 users had one" in again.err
    assert (tmp_path / "keys.csv").read_text("utf-8").startswith("user,key\nlate,oe_")
    assert stat.S_IMODE((tmp_path / "keys.csv").stat().st_mode) == 0o600
    assert len(json.loads(run("keys", "list", "--json").out)) == 31


@pytest.mark.parametrize("text", ["user\nann\nwith space\n", "name,user\nAnn\n", "user\n*\n"])
def test_list_with_a_wrong_user_makes_no_key(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "class.csv").write_text(text, encoding="utf-8")

    refused = run("keys", "import", str(tmp_path / "class.csv"))

    assert refused.code == 2
    assert "The user" in refused.err
    assert json.loads(run("keys", "list", "--json").out) == []


def test_output_that_exists_is_kept_and_no_key_is_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_text("ann\n", encoding="utf-8")
    (tmp_path / "keys.csv").write_text("old", encoding="utf-8")

    assert run("keys", "import", str(tmp_path / "class.csv"), "--output", str(tmp_path / "keys.csv")).code == 2
    assert (tmp_path / "keys.csv").read_text("utf-8") == "old"
    assert json.loads(run("keys", "list", "--json").out) == []


def test_rotate_and_revoke_name_a_key_by_its_id(run: Run, tmp_path: Path) -> None:
    old = json.loads(run("keys", "create", "--user", "alice", "--json").out)
    new = json.loads(run("keys", "rotate", "alice-1", "--json").out)
    revoked = run("keys", "revoke", "alice-1")

    assert {**new, "key": ""} == {**old, "key": ""}
    assert new["key"] != old["key"]
    assert revoked.out == "alice-1 is revoked\n"
    assert "revoked" in run("keys", "list").out
    assert run("keys", "revoke", "alice-1").code == 2
    assert run("keys", "rotate", "nobody-1").code == 2
    events = [json.loads(line) for line in (tmp_path / "nowhere/security.log").read_text("utf-8").splitlines()]
    assert [event["event"] for event in events] == ["key_created", "key_rotated", "key_revoked"]
    assert {event["key"] for event in events} == {"alice-1"}


def test_stored_key_is_enough_to_listen_on_an_address_that_others_reach(run: Run) -> None:
    run("keys", "create", "--user", "ann")

    # Not refused for want of a key: this machine has no such address.
    assert "expected an address of this machine" in run("serve", HOST="192.0.2.1").err


def test_damaged_file_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere/keys.json").write_text("{", encoding="utf-8")

    for command in (("keys", "list"), ("keys", "create", "--user", "ann"), ("serve",)):
        finished = run(*command)
        assert finished.code == 2
        assert len(finished.err.splitlines()) == 1
        assert "keys.json" in finished.err
