"""Web pages of other sites can do nothing through the browser of a visitor who can."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from order_engine.settings import Settings
from tests.integration.api.conftest import API_KEY
from tests.integration.api.orders import buy, problem
from tests.integration.api.served_exchange import Served, served_exchange

OWN = "http://localhost"
FRIEND = "https://friend.example"


@pytest.fixture
def form(served: Served) -> FlaskClient:
    """A client that sends no header of its own, as a form on a page does."""
    return FlaskClient(served.app, served.app.response_class)


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:5000", "localhost.evil.example", "0.0.0.0", "[::2]:80", ""]
)
def test_without_a_key_another_host_is_refused_even_for_reads(client: FlaskClient, host: str) -> None:
    for path in ("/", "/orders", "/api/v1/market/AAPL", "/docs", "/static/api.js", "/nothing"):
        problem(client.get(path, headers={"Host": host}), 421, "host_not_allowed")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:5000", "localhost.", "127.0.0.1:1", "[::1]", "[::1]:5000", "localhost:"]
)
def test_without_a_key_this_machine_is_served_whatever_the_port(client: FlaskClient, host: str) -> None:
    assert client.get("/orders", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("peer", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "::ffff:192.0.2.1", "nonsense"])
def test_without_a_key_another_machine_is_refused_wherever_a_server_listens(client: FlaskClient, peer: str) -> None:
    """`gunicorn --bind 0.0.0.0 app:app` without a key was open to all who said `Host: localhost`."""
    response = client.get("/orders", environ_overrides={"REMOTE_ADDR": peer})

    assert "OPEN=true" in problem(response, 401, "unauthorized")["detail"]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", ""])
def test_without_a_key_programs_on_this_machine_are_served(client: FlaskClient, peer: str) -> None:
    assert client.get("/orders", environ_overrides={"REMOTE_ADDR": peer}).status_code == 200


def test_other_machines_are_served_with_a_key_or_if_the_exchange_is_open(guarded: Served, tmp_path: Path) -> None:
    remote = {"environ_overrides": {"REMOTE_ADDR": "192.0.2.1"}}
    with served_exchange(tmp_path / "open", environment={"OPEN": "true"}) as opened:
        assert opened.client.get("/orders", **remote).status_code == 200

    assert guarded.client.get("/market", **remote).status_code == 200


def test_with_a_key_every_host_is_served(guarded: Served) -> None:
    assert guarded.client.get("/market", headers={"Host": "exchange.example:5000"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "file://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_write_that_a_page_of_another_site_sends_is_refused(served: Served, headers: dict[str, str]) -> None:
    before = served.exchange.visible_sequence

    problem(served.client.post("/orders", json=buy(), headers=headers), 403, "origin_not_allowed")
    problem(served.client.post("/users/user123/disable", headers=headers), 403, "origin_not_allowed")
    problem(served.client.delete("/orders?user_id=user123", headers=headers), 403, "origin_not_allowed")
    assert served.exchange.visible_sequence == before
    assert served.client.get("/orders", headers=headers).status_code == 200


def test_a_key_does_not_make_a_foreign_origin_ours(guarded: Served) -> None:
    headers = {"X-API-Key": API_KEY, "Origin": "https://evil.example"}

    problem(guarded.client.post("/orders", json=buy(), headers=headers), 403, "origin_not_allowed")


@pytest.mark.parametrize("headers", [{"Origin": OWN, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_write_of_our_own_page_is_taken(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/orders", json=buy(), headers=headers).status_code == 201


def test_post_without_a_body_that_a_form_could_send_is_refused(served: Served, form: FlaskClient) -> None:
    before = served.exchange.visible_sequence

    for path in ("/users/user123/disable", "/admin/snapshot"):
        for content_type in (None, "application/x-www-form-urlencoded", "text/plain"):
            response = form.post(path, data=b"", content_type=content_type)
            problem(response, 403, "origin_not_allowed")
    assert served.exchange.visible_sequence == before


@pytest.mark.parametrize(
    "headers", [{"X-Requested-With": "curl"}, {"Content-Type": "application/json"}, {"Idempotency-Key": "a"}]
)
def test_post_without_a_body_is_taken_from_a_program(form: FlaskClient, headers: dict[str, str]) -> None:
    assert form.post("/users/user123/disable", headers=headers).status_code == 200


def test_another_site_that_is_named_may_read_and_write(tmp_path: Path) -> None:
    settings = {"CORS_ORIGINS": f"{FRIEND}, http://other.example:8080"}
    with served_exchange(tmp_path, environment=settings) as served:
        client, headers = served.client, {"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"}
        asked = {**headers, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}

        preflight = client.options("/orders", headers=asked)
        placed = client.post("/orders", json=buy(), headers=headers)
        stranger = client.options("/orders", headers={**asked, "Origin": "https://evil.example"})

    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "X-API-Key" in preflight.headers["Access-Control-Allow-Headers"]
    assert placed.status_code == 201
    assert (placed.headers["Access-Control-Allow-Origin"], placed.headers["Vary"]) == (FRIEND, "Origin")
    assert "Access-Control-Allow-Origin" not in stranger.headers


@pytest.mark.parametrize(
    ("environment", "hosts"),
    [
        ({}, {"localhost", "127.0.0.1", "[::1]"}),
        ({"HOST": "127.0.0.2"}, {"localhost", "127.0.0.1", "[::1]", "127.0.0.2"}),
        ({"HOST": "0.0.0.0", "OPEN": "true"}, {"localhost", "127.0.0.1", "[::1]"}),
        ({"API_KEY": "a-key"}, {"*"}),
        ({"API_KEY": "a-key", "ALLOWED_HOSTS": "a.example, [::2]"}, {"a.example", "[::2]"}),
        ({"ALLOWED_HOSTS": "*"}, {"*"}),
    ],
)
def test_hosts_that_are_served_follow_from_the_settings(environment: dict[str, str], hosts: set[str]) -> None:
    settings = Settings.from_environment(environment)

    assert settings.hosts(has_keys=settings.api_key is not None) == hosts
