"""The client in the document keeps the book that the exchange has."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.feeds.listening import listening
from tests.integration.service.server_process import buy, running, sell

DOCUMENT = Path(__file__).resolve().parents[3] / "docs/feeds.md"
pytestmark = pytest.mark.slow


def test_client_of_the_document_prints_the_books(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    with running(tmp_path / "exchange") as server:
        trader = server.wait_ready().client()
        trader.place(buy(price="99.00"))
        with listening(server, "/ws/market-data/AAPL"):
            url = f"ws://127.0.0.1:{server.port}/ws/market-data/AAPL"
            client = subprocess.Popen(
                [sys.executable, "-u", "-c", program, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            assert client.stdout is not None
            first = client.stdout.readline()
            orders = [buy(price="98.00"), sell(price="99.50"), sell(price="99.00", quantity="10"), sell(price="100.00")]
            placed = [trader.place(order)["sequence"] for order in orders]
            lines = [client.stdout.readline() for _ in placed]
            client.kill()
            client.communicate()

    assert first == "2 {'bids': [['99.00', '10', 1]], 'asks': []}\n"
    assert [int(line.split(" ")[0]) for line in lines] == placed
    assert lines[-1].endswith(" {'bids': [['98.00', '10', 1]], 'asks': [['99.50', '10', 1], ['100.00', '10', 1]]}\n")
