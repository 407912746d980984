"""A server without any setting, over HTTP: no page of another site commands it, and it tells strangers little."""

from collections.abc import Iterator, Mapping

import pytest

from tests.integration.service.server_process import ServerProcess, buy, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running(tmp_path_factory.mktemp("safe") / "exchange") as server:
        server.wait_ready().wait_followed()
        yield server


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
    ids=str,
)
def test_page_of_another_site_disables_nobody(server: ServerProcess, headers: Mapping[str, str], status: int) -> None:
    client = server.client()

    refused = client.ask("POST", "/users/victim/disable", headers=headers)

    assert refused.status == status
    assert client.get("/risk-limits/victim")["is_enabled"] is True


def test_kill_switch_of_everybody_stops_everybody(server: ServerProcess) -> None:
    client = server.client()
    try:
        assert client.ask("POST", "/users/*/disable").status == 200
        assert client.ask("POST", "/orders", buy()).status == 422
    finally:
        client.ask("POST", "/users/*/enable")
    assert client.place(buy())["status"] == "OPEN"


def test_json_is_neither_kept_nor_taken_for_something_else(server: ServerProcess) -> None:
    headers = server.client().ask("GET", "/orders").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
