"""The page as a test uses it: what it shows, what is typed into it, and other clients of the same exchange."""

from collections.abc import Callable
from itertools import count
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.chromium import View, look
from tests.integration.service.server_process import Client, Json, ServerProcess

PATIENCE_SECONDS = 20
MAKER = "maker"
_loads = count()


def wait(browser: Chrome, condition: Callable[[], object]) -> None:
    """Return once something is so."""
    WebDriverWait(browser, PATIENCE_SECONDS, poll_frequency=0.05).until(lambda _: condition())


class Desk:
    """One symbol's page in the browser, and a user who trades there."""

    def __init__(self, browser: Chrome, server: ServerProcess, key: str, symbol: str, user: str) -> None:
        self.browser = browser
        self.symbol = symbol
        self.user = user
        self.url = f"http://127.0.0.1:{server.port}"
        self._key = key
        self._client: Client = server.client()

    def open_market(self) -> None:
        """Bids at 150.10 and 150.00, an ask of 2 at 150.30, and a trade of 1 there."""
        self.place("BUY", "0.5", "150.10")
        self.place("BUY", "7", "150.00")
        self.place("SELL", "3", "150.30")
        self.place("BUY", "1", "150.30", user_id="taker")

    def load(self, user: str | None = None, key: str | None = None) -> None:
        """Open the page as the user, or as another, and wait until it shows the book."""
        if not self.browser.current_url.startswith(self.url):
            self.browser.get(f"{self.url}/docs")
        script = "sessionStorage.setItem('order-engine-user', arguments[0]);"
        script += "sessionStorage.setItem('order-engine-api-key', arguments[1]); localStorage.clear()"
        self.browser.execute_script(script, self.user if user is None else user, self._key if key is None else key)
        self.browser.get_log("browser")
        # Another query is another page; another symbol alone would only be shown by the old one.
        self.browser.get(f"{self.url}/?{next(_loads)}#{self.symbol}")
        self.wait(lambda: self.text("best-bid") == "150.10" and self.text("status-text") == "Live")

    def reset_view(self) -> None:
        """Give the next test the usual window."""
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def view(self, view: View) -> None:
        """Look through another window."""
        look(self.browser, view)

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """Ask the exchange, as another client does."""
        answered = self._client.ask(method, path, body, {"X-API-Key": self._key})
        assert answered.status < 300, answered
        return answered.content

    def place(self, side: str, quantity: str, price: str, **terms: str) -> Json:
        """Place an order of another client."""
        order = {"user_id": MAKER, "symbol": self.symbol, "side": side, "quantity": quantity, "price": price, **terms}
        return self.ask("POST", "/orders", order)

    def own_orders(self, status: str = "live") -> list[Json]:
        """The user's orders as the exchange has them; the database is waited for."""
        self._client.last_sequence = str(self.ask("GET", f"/market/{self.symbol}/depth")["sequence"])
        orders: list[Json] = self.ask("GET", f"/orders?user_id={self.user}&status={status}")["orders"]
        return orders

    def wait(self, condition: Callable[[], object]) -> None:
        """Return once something is so."""
        wait(self.browser, condition)

    def find(self, element_id: str) -> WebElement:
        """Return an element."""
        return self.browser.find_element(By.ID, element_id)

    def text(self, element_id: str) -> str:
        """Return what an element shows."""
        return self.find(element_id).text

    def rows(self, element_id: str) -> list[list[str]]:
        """The cells of a table's body that are not empty rows, as one moment shows them."""
        script = """return [...document.getElementById(arguments[0]).rows]
            .map(row => [...row.cells].map(cell => cell.innerText.trim())).filter(cells => cells[0])"""
        cells: list[list[str]] = self.browser.execute_script(script, element_id)
        return cells

    def fill(self, **fields: str) -> None:
        """Type into fields, each in place of what was there."""
        for element_id, value in fields.items():
            field = self.find(element_id)
            field.clear()
            field.send_keys(value)

    def choose(self, element_id: str, words: str) -> None:
        """Choose from a list."""
        Select(self.find(element_id)).select_by_visible_text(words)

    def submit(self) -> None:
        """Press the ticket's button; on a busy machine it may be locked for a moment, for want of fresh figures."""
        self.wait(self.find("submit").is_enabled)
        self.find("submit").click()

    def press(self, key: str) -> None:
        """Press a key outside all fields."""
        self.browser.execute_script("document.activeElement.blur()")
        self.browser.find_element(By.TAG_NAME, "body").send_keys(key)

    def complaints(self) -> list[str]:
        """What the console says since the last look. Feeds that still start are refused, and the page polls."""
        said = [str(entry["message"]) for entry in self.browser.get_log("browser")]
        return [message for message in said if "WebSocket handshake" not in message]

    def own_button(self, words: str, order_id: str) -> WebElement:
        """A button in the row of an order."""
        return self.browser.find_element(By.CSS_SELECTOR, f"button[aria-label='{words} order {order_id}']")

    def accept_question(self) -> None:
        """Answer yes."""
        self.wait(lambda: self.find("question").is_displayed())
        self.find("question-yes").send_keys(Keys.ENTER)

    def run(self, script: str, *arguments: object) -> Any:  # Any: what the script returns
        """Run a script in the page."""
        return self.browser.execute_script(script, *arguments)
