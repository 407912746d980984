"""A real browser on a real exchange. Without Chromium these tests are skipped, or fail where REQUIRE_SERVICES=1."""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
from selenium.webdriver import Chrome
from werkzeug.serving import make_server

from tests.browser.chromium import chromium
from tests.browser.desk import Desk
from tests.integration.api.served_exchange import Served, served_exchange
from tests.integration.service.server_process import ServerProcess, running

API_KEY = "a-key-for-the-tests"
_numbers = count(1)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One headless Chromium for all tests of a run."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        reason = "no Chromium: the programs chromium and chromedriver (Debian: chromium, chromium-driver) are not there"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(f"REQUIRE_SERVICES=1, but {reason}")
        pytest.skip(reason)
    chrome = chromium(tmp_path_factory.mktemp("chromium"))
    yield chrome
    chrome.quit()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server with an API key for all tests of a run; each test has a symbol of its own."""
    with running(tmp_path_factory.mktemp("served") / "exchange", API_KEY=API_KEY) as process:
        yield process.wait_ready()


@pytest.fixture
def desk(browser: Chrome, server: ServerProcess) -> Iterator[Desk]:
    """The page on a new symbol with a book and a trade, and a user who has the key."""
    number = next(_numbers)
    desk = Desk(browser, server, API_KEY, symbol=f"S{number}", user=f"user{number}")
    desk.open_market()
    desk.load()
    yield desk
    desk.reset_view()


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Served]:
    """A new exchange without a key, in this process."""
    with served_exchange(tmp_path) as served:
        yield served


@pytest.fixture
def address(exchange: Served) -> Iterator[str]:
    """Where a browser finds it."""
    server = make_server("127.0.0.1", 0, exchange.app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
