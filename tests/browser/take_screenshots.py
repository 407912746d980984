"""Takes the pictures in docs/ of a running demo: ``python -m tests.browser.take_screenshots``."""

import tempfile
from decimal import Decimal
from pathlib import Path
from time import monotonic

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.chromium import PHONE, SCREEN, chromium, look
from tests.browser.desk import wait
from tests.browser.moving_picture import animated
from tests.integration.service.server_process import SERVE, Client, running

DOCS = Path(__file__).resolve().parents[2] / "docs"
DEMO = (*SERVE[:-1], "demo", "--seed", "7")
USER = "ada"
FRAMES, FRAME_SECONDS = 8, 0.8


def main() -> None:
    """Run a demo, trade a little as a user, and take the pictures."""
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch, "unused"), DEMO) as server:
        client = server.wait_ready().client()
        trade(client)
        browser = chromium(Path(scratch, "browser"))
        try:
            look(browser, SCREEN._replace(theme="dark"))
            open_page(browser, f"http://127.0.0.1:{server.port}")
            (DOCS / "screenshot.png").write_bytes(animated(frames(browser), int(1_000 * FRAME_SECONDS)))
            look(browser, PHONE)
            wait(browser, lambda: not browser.find_element(By.ID, "submit").is_displayed())
            # The ticket slides out of the picture.
            wait(browser, lambda: browser.execute_script("return document.getAnimations().length === 0"))
            (DOCS / "screenshot-phone.png").write_bytes(browser.get_screenshot_as_png())
        finally:
            browser.quit()


def trade(client: Client) -> None:
    """Hold a few positions, and rest on both sides of the book."""
    market = client.get("/market/ACME")
    bid, ask = Decimal(market["best_bid"]), Decimal(market["best_ask"])
    mine = {"user_id": USER, "symbol": "ACME"}
    client.place({**mine, "side": "BUY", "quantity": "180", "type": "MARKET"})
    client.place({"user_id": USER, "symbol": "BTC-USD", "side": "BUY", "quantity": "0.25", "type": "MARKET"})
    client.place({"user_id": USER, "symbol": "RAIN", "side": "SELL", "quantity": "300", "type": "MARKET"})
    client.place({**mine, "side": "SELL", "quantity": "60", "type": "STOP", "stop_price": str(bid - Decimal("0.60"))})
    client.place({**mine, "side": "BUY", "quantity": "200", "price": str(bid - Decimal("0.12"))})
    client.place({**mine, "side": "SELL", "quantity": "80", "price": str(ask + Decimal("0.10"))})


def open_page(browser: Chrome, url: str) -> None:
    """Open the page as the user, with an order half typed."""
    browser.get(f"{url}/static/favicon.svg")
    browser.execute_script("sessionStorage.setItem('order-engine-user', arguments[0])", USER)
    browser.get(f"{url}/#ACME")
    wait(browser, lambda: browser.execute_script("return document.getElementById('orders').rows.length >= 2"))
    wait(browser, lambda: browser.execute_script("return document.getElementById('trades').rows.length > 20"))
    wait(browser, lambda: browser.execute_script("return document.querySelectorAll('#candles canvas').length > 1"))
    browser.find_element(By.CSS_SELECTOR, "#bids button").click()
    browser.find_element(By.ID, "quantity").send_keys("150")
    browser.execute_script("document.activeElement.blur()")


def frames(browser: Chrome) -> list[bytes]:
    """Take pictures as the market moves."""
    began, taken = monotonic(), []
    for number in range(FRAMES):
        wait(browser, lambda due=began + number * FRAME_SECONDS: monotonic() >= due)
        taken.append(browser.get_screenshot_as_png())
    return taken


if __name__ == "__main__":
    main()
