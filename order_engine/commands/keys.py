"""``keys``: makes, lists, rotates and revokes API keys. A running server notices within a second."""

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click
import msgspec

from order_engine.commands.environment import settings_of_environment
from order_engine.exchange.clock import SystemClock
from order_engine.security.key_register import KeyRegister
from order_engine.security.stored_keys import Issued, KeyUnusable, Scope, StoredKey
from order_engine.wire.identifiers import parse_trader

USER_COLUMN = "user"
SCOPE = click.Choice([scope.value for scope in Scope], case_sensitive=False)

_scopes = click.option("--scope", "scopes", type=SCOPE, multiple=True, help="What the key allows; trade by default.")
_signed = click.option("--signed", is_flag=True, help="Give it a signing secret too: every request must be signed.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="Make, list, rotate and revoke API keys.")
def keys() -> None:
    """Manage the stored keys of DATA_DIR. Run it as the user of the server, which notices changes within a second.

    A key is shown once, when it is made: only its digest is kept.
    """


@keys.command(short_help="Make a key.")
@click.option("--user", help="Whose key it is; only a key of scope admin may have none.")
@_scopes
@_signed
@_json
def create(user: str | None, scopes: Sequence[str], *, signed: bool, as_json: bool) -> None:
    """Make a key and print it, with its signing secret if it has one."""
    with _problems_shown():
        named = None if user is None else _user(user)
        _print_issued([_register().create(named, _scopes_of(scopes), signs=signed)], as_json=as_json)


@keys.command(name="import", short_help="Make a key for each user of a CSV file.")
@click.argument("users", type=click.File("r", encoding="utf-8-sig"))
@_scopes
@_signed
@click.option("--output", type=click.Path(path_type=Path), help="Write a new, private file instead of printing.")
@_json
def import_users(users: TextIO, scopes: Sequence[str], output: Path | None, *, signed: bool, as_json: bool) -> None:
    """Make a key for each user in USERS, and print user and key as CSV.

    USERS is a CSV file with a column named user, or with one user a line; - is standard input. Users who have a key
    get none.
    """
    with _problems_shown():
        named = [_user(text) for text in _users_in(users)]
        if output is None:
            _print_made(sys.stdout, named, scopes, signed=signed, as_json=as_json)
            return
        # Before a key is made: one that nobody can be given is of no use.
        with os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            _print_made(file, named, scopes, signed=signed, as_json=as_json)


@keys.command(name="list", short_help="List all keys.")
@_json
def list_keys(*, as_json: bool) -> None:
    """List all keys, revoked ones included, without their secrets."""
    listed = _register().listed()
    if as_json:
        click.echo(msgspec.json.encode([_shown(key) for key in listed]).decode())
        return
    for key in listed:
        state = f"revoked {key.revoked}" if key.revoked else f"created {key.created}"
        click.echo(f"{key.id}  user {key.user or '-'}  scope {','.join(key.scopes)}  {state}")


@keys.command(short_help="Replace the secret of a key.")
@click.argument("key_id", metavar="ID")
@_json
def rotate(key_id: str, *, as_json: bool) -> None:
    """Give the key ID a new secret and print it; the old one ends within a second. Id, user and scopes stay."""
    with _problems_shown():
        _print_issued([_register().rotate(key_id)], as_json=as_json)


@keys.command(short_help="End a key for good.")
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """End the key ID. Its connections are closed within a second; its user's orders stay."""
    with _problems_shown():
        _register().revoke(key_id)
    click.echo(f"{key_id} is revoked")


def _register() -> KeyRegister:
    return KeyRegister(settings_of_environment().data_dir, SystemClock().now_ns)


@contextmanager
def _problems_shown() -> Iterator[None]:
    try:
        yield
    except KeyUnusable as error:
        raise click.ClickException(str(error)) from error


def _user(text: str) -> str:
    try:
        return parse_trader(text)
    except ValueError as error:
        raise KeyUnusable(f"The user {text!r}: {error}") from error


def _scopes_of(words: Sequence[str]) -> list[Scope]:
    return [Scope(word.lower()) for word in words] or [Scope.TRADE]


def _users_in(file: Iterable[str]) -> Iterator[str]:
    """Yield the users of a CSV file, with or without a line that names its columns."""
    column = 0
    for number, row in enumerate(csv.reader(file)):
        names = [text.strip() for text in row]
        if not number and USER_COLUMN in names:
            column = names.index(USER_COLUMN)
        elif any(names):
            yield names[column] if column < len(names) else ""


def _print_made(out: TextIO, users: list[str], scopes: Sequence[str], *, signed: bool, as_json: bool) -> None:
    made = _register().create_missing(users, _scopes_of(scopes), signs=signed)
    if as_json:
        out.write(msgspec.json.encode([_secrets_of(issued) for issued in made]).decode() + "\n")
    else:
        writer = csv.writer(out, lineterminator="\n")
        columns: list[tuple[str, Callable[[Issued], str | None]]] = [
            (USER_COLUMN, lambda issued: issued.stored.user),
            ("key", lambda issued: issued.key),
        ]
        if signed:
            columns.append(("signing_secret", lambda issued: issued.signing_secret))
        writer.writerow([name for name, _ in columns])
        writer.writerows([read(issued) for _, read in columns] for issued in made)
    click.echo(f"{len(made)} keys made; {len(set(users)) - len(made)} users had one", err=True)


def _print_issued(made: Iterable[Issued], *, as_json: bool) -> None:
    for issued in made:
        content = _secrets_of(issued)
        click.echo(
            msgspec.json.encode(content).decode()
            if as_json
            else "\n".join(f"{name} {text}" for name, text in content.items() if isinstance(text, str))
        )


def _secrets_of(issued: Issued) -> dict[str, object]:
    secret = {} if issued.signing_secret is None else {"signing_secret": issued.signing_secret}
    stored = issued.stored
    return {"id": stored.id, "user": stored.user, "scopes": stored.scopes, "key": issued.key, **secret}


def _shown(key: StoredKey) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(key).items() if name != "digest"}
