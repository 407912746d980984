"""A server that is not the exchange's own loop has no WebSockets, and nothing is kept for them."""

from pathlib import Path

from tests.integration.service.server_process import buy
from tests.integration.service.venues import venue

HANDSHAKE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}


def test_handshake_is_refused(tmp_path: Path) -> None:
    with venue(tmp_path) as found:
        client = found.app.test_client()
        client.post("/orders", json=buy())
        key = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}

        refused = client.get("/ws/market-data/AAPL", headers=HANDSHAKE | key)

        assert refused.get_json()["code"] == "feeds_unavailable"


def test_no_events_are_kept(tmp_path: Path) -> None:
    with venue(tmp_path) as found:
        found.app.test_client().post("/orders", json=buy())

        assert found.exchange.applied_sequence > 0
        assert not found.own_events._noted
