"""The page, in a real browser: what it shows, what it sends, and what it says when something is wrong."""

from collections.abc import Callable

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser.conftest import API_KEY
from tests.integration.api.orders import answered, buy, sell
from tests.integration.api.served_exchange import Served

PATIENCE_SECONDS = 15
NONE = "\u2013"  # The dash for an absent value.


def text(browser: Chrome, element_id: str) -> str:
    return browser.find_element(By.ID, element_id).text


def rows(browser: Chrome, element_id: str) -> list[list[str]]:
    """The cells of a table's body, all read at once."""
    cells: list[list[str]] = browser.execute_script(
        "return [...document.getElementById(arguments[0]).rows].map(row => [...row.cells].map(cell => cell.innerText))",
        element_id,
    )
    return cells


def wait(browser: Chrome, condition: Callable[[], object]) -> None:
    WebDriverWait(browser, PATIENCE_SECONDS, poll_frequency=0.05).until(lambda _: condition())


def fill(browser: Chrome, **fields: str) -> None:
    for element_id, value in fields.items():
        field = browser.find_element(By.ID, element_id)
        field.clear()
        field.send_keys(value)


def submit(browser: Chrome) -> None:
    browser.find_element(By.ID, "submit").click()


@pytest.fixture
def page(browser: Chrome, address: str, exchange: Served) -> Chrome:
    """The page of an exchange where AAPL has a book and trades."""
    for order in (
        buy(price="150.10", quantity="0.5"),
        buy(price="150.00", quantity="7"),
        sell(price="150.30", quantity="3"),
        buy(price="150.30", quantity="1"),
    ):
        answer = exchange.client.post("/orders", json=order, headers={"X-API-Key": API_KEY})
        assert answer.status_code == 201
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(address)
    browser.execute_script("sessionStorage.clear()")
    browser.refresh()
    wait(browser, lambda: text(browser, "best-bid") == "150.10")
    return browser


def test_page_shows_top_depth_statistics_and_trades(page: Chrome) -> None:
    wait(page, lambda: text(page, "last-price") == "150.30" and len(rows(page, "trades")[0]) == 3)

    assert (text(page, "best-bid"), text(page, "best-ask"), text(page, "spread")) == ("150.10", "150.30", "0.20")
    assert rows(page, "bids")[:3] == [["1", "0.5", "150.10"], ["1", "7", "150.00"], ["·", "·", "·"]]
    assert rows(page, "asks")[:2] == [["150.30", "2", "1"], ["·", "·", "·"]]
    assert (len(rows(page, "bids")), len(rows(page, "asks"))) == (10, 10)
    assert [row[1:] for row in rows(page, "trades")] == [["150.30", "1"]]
    assert (text(page, "volume"), text(page, "trade-count"), text(page, "status-text")) == ("1", "1", "Live")
    assert page.get_log("browser") == []


def test_page_follows_the_book(page: Chrome, exchange: Served) -> None:
    exchange.client.post("/orders", json=buy(price="150.20"), headers={"X-API-Key": API_KEY})

    wait(page, lambda: rows(page, "bids")[0] == ["1", "100", "150.20"])
    wait(page, lambda: text(page, "best-bid") == "150.20")


def test_order_is_placed_from_the_form_with_the_key(page: Chrome, exchange: Served) -> None:
    fill(page, user_id="me", api_key=API_KEY, quantity="5", price="149.5")
    submit(page)

    wait(page, lambda: "rests on the book" in text(page, "outcome"))
    order = answered(exchange.client.get("/orders/user/me"))["orders"][0]
    assert (order["side"], order["quantity"], order["price"], order["status"]) == ("BUY", "5", "149.50", "OPEN")
    assert page.execute_script("return sessionStorage.getItem('order-engine-api-key')") == API_KEY
    assert page.execute_script("return localStorage.length") == 0
    wait(page, lambda: ["1", "5", "149.50"] in rows(page, "bids"))


def test_market_order_sells_by_keyboard_alone(page: Chrome, exchange: Served) -> None:
    fill(page, user_id="me", api_key=API_KEY)
    Select(page.find_element(By.ID, "type")).select_by_visible_text("Market")
    page.find_element(By.CSS_SELECTOR, "input[value=BUY]").send_keys(Keys.ARROW_RIGHT)
    page.find_element(By.ID, "quantity").send_keys("0.25", Keys.ENTER)

    wait(page, lambda: "is filled" in text(page, "outcome"))
    assert "0.25 of 0.25 at 150.10" in text(page, "outcome")
    assert not page.find_element(By.ID, "price").is_enabled()
    assert text(page, "submit") == "Sell AAPL"
    wait(page, lambda: rows(page, "trades")[0][1:] == ["150.10", "0.25"])


def test_chosen_price_goes_into_the_form(page: Chrome) -> None:
    page.find_element(By.CSS_SELECTOR, "#asks button").click()

    assert page.find_element(By.ID, "price").get_attribute("value") == "150.30"


def test_missing_key_is_said_at_the_key(page: Chrome, exchange: Served) -> None:
    fill(page, user_id="me", quantity="5", price="149.5")
    submit(page)

    wait(page, lambda: "X-API-Key" in text(page, "api_key-error"))
    assert page.find_element(By.ID, "api_key").get_attribute("aria-invalid") == "true"
    assert answered(exchange.client.get("/orders/user/me"))["orders"] == []


def test_wrong_field_is_said_at_the_field(page: Chrome) -> None:
    fill(page, user_id="me", api_key=API_KEY, quantity="-5", price="")
    submit(page)
    wait(page, lambda: text(page, "price-error") != "")
    fill(page, price="150.10")
    submit(page)

    wait(page, lambda: text(page, "quantity-error") == "Must not be negative.")
    assert page.switch_to.active_element.get_attribute("id") == "quantity"
    assert text(page, "price-error") == ""


def test_refusal_by_the_rulebook_is_said_in_words(page: Chrome) -> None:
    fill(page, user_id="me", api_key=API_KEY, quantity="5", price="150.001")
    submit(page)

    wait(page, lambda: "Refused." in text(page, "outcome"))
    assert "150.001 is not a multiple of the tick 0.01" in text(page, "outcome")


def test_another_symbol_is_shown_and_kept_in_the_address(page: Chrome, exchange: Served) -> None:
    exchange.client.post("/orders", json=buy(symbol="MSFT", price="9"), headers={"X-API-Key": API_KEY})

    fill(page, symbol="msft")
    page.find_element(By.ID, "symbol").send_keys(Keys.ENTER)

    wait(page, lambda: text(page, "best-bid") == "9.00")
    assert page.current_url.endswith("#MSFT")
    assert (text(page, "summary-title"), text(page, "submit"), text(page, "best-ask")) == ("MSFT", "Buy MSFT", NONE)


def test_symbol_that_is_not_listed_is_said_to_be_so(page: Chrome) -> None:
    fill(page, symbol="NONE" + Keys.ENTER)

    wait(page, lambda: "Nothing is listed as NONE yet." in text(page, "banner"))
    assert rows(page, "bids")[0] == ["·", "·", "·"]


def test_halted_exchange_is_said_to_be_so(page: Chrome, exchange: Served) -> None:
    exchange.exchange.halt(OSError("the disk is gone"))

    wait(page, lambda: text(page, "status-text") == "Not up to date")
    assert "halted" in text(page, "banner")


def test_page_asks_for_nothing_while_it_is_hidden(page: Chrome) -> None:
    requests_while_hidden = page.execute_async_script(
        """
        const done = arguments[0];
        Object.defineProperty(document, "hidden", {configurable: true, get: () => true});
        document.dispatchEvent(new Event("visibilitychange"));
        const asked = () => performance.getEntriesByType("resource").length;
        setTimeout(() => { const before = asked(); setTimeout(() => done(asked() - before), 2500); }, 500);
        """
    )

    assert requests_while_hidden == 0


def test_every_field_has_a_label(page: Chrome) -> None:
    unlabeled = page.execute_script(
        "return [...document.querySelectorAll('input, select')].filter(f => !f.labels.length).map(f => f.outerHTML)"
    )

    assert unlabeled == []


def test_documentation_is_self_contained_and_leads_to_the_problems(page: Chrome, address: str) -> None:
    page.get_log("browser")
    page.get(f"{address}/docs#order_final")

    assert page.find_element(By.ID, "order_final").is_displayed()
    addresses = page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert all(resource.startswith(address) for resource in addresses)
    assert page.get_log("browser") == []


def choose(page: Chrome, element_id: str, words: str) -> None:
    Select(page.find_element(By.ID, element_id)).select_by_visible_text(words)


def offered(page: Chrome) -> list[str]:
    """The fields of the form that can be filled in and that only some orders have."""
    names = ("price", "stop_price", "trail_amount", "expire_at", "display_quantity", "post_only")
    fields = {name: page.find_element(By.ID, name) for name in names}
    return [name for name, field in fields.items() if field.is_enabled() and field.is_displayed()]


@pytest.mark.parametrize(
    ("kind", "time", "expected"),
    [
        ("Limit", "Until canceled", ["price", "display_quantity", "post_only"]),
        ("Limit", "Until a time", ["price", "expire_at", "display_quantity", "post_only"]),
        ("Limit", "Immediate (IOC)", ["price"]),
        ("Market", "Fill or kill (FOK)", []),
        ("Stop", "For the day", ["stop_price"]),
        ("Stop limit", "Immediate (IOC)", ["price", "stop_price"]),
        ("Trailing stop", "Until a time", ["trail_amount", "expire_at"]),
    ],
)
def test_form_offers_what_the_type_of_order_takes(page: Chrome, kind: str, time: str, expected: list[str]) -> None:
    choose(page, "type", kind)
    choose(page, "time_in_force", time)

    assert offered(page) == expected


def test_stop_is_placed_with_an_end_in_the_user_s_own_time(page: Chrome, exchange: Served) -> None:
    fill(page, user_id="me", api_key=API_KEY, quantity="5")
    choose(page, "type", "Stop")
    choose(page, "time_in_force", "Until a time")
    fill(page, stop_price="160")
    page.execute_script("document.getElementById('expire_at').value = '2099-01-02T03:04:05'")
    submit(page)

    wait(page, lambda: "waits for its stop price" in text(page, "outcome"))
    order = answered(exchange.client.get("/orders/user/me"))["orders"][0]
    assert (order["type"], order["stop_price"], order["status"]) == ("STOP", "160.00", "PENDING")
    expected = page.execute_script("return new Date('2099-01-02T03:04:05').toISOString()")
    assert order["expire_at"] == expected.replace(".000Z", ".000000Z")


def test_iceberg_is_placed_and_shows_its_slice(page: Chrome, exchange: Served) -> None:
    fill(page, user_id="me", api_key=API_KEY, quantity="50", price="149.5", display_quantity="5")
    choose(page, "self_trade_prevention", "Cancel both")
    submit(page)

    wait(page, lambda: ["1", "5", "149.50"] in rows(page, "bids"))
    order = answered(exchange.client.get("/orders/user/me"))["orders"][0]
    assert (order["display_quantity"], order["self_trade_prevention"]) == ("5", "CANCEL_BOTH")


def test_term_that_is_needed_is_asked_for(page: Chrome) -> None:
    fill(page, user_id="me", quantity="5")
    choose(page, "type", "Trailing stop")
    submit(page)

    wait(page, lambda: text(page, "trail_amount-error") != "")
    assert page.switch_to.active_element.get_attribute("id") == "trail_amount"


def test_page_shows_the_session_and_what_the_auction_would_do(page: Chrome, exchange: Served) -> None:
    def enter(state: str) -> None:
        path = "/instruments/AAPL/state"
        exchange.client.post(path, json={"state": state}, headers={"X-API-Key": API_KEY})

    assert (text(page, "session"), text(page, "indication")) == ("Open", "")
    enter("PRE_OPEN")
    wait(page, lambda: text(page, "session") == "Before the auction")
    assert text(page, "indicative-price") == NONE
    exchange.client.post("/orders", json=buy(price="150.30", quantity="5"), headers={"X-API-Key": API_KEY})
    wait(page, lambda: text(page, "indicative-price") == "150.30")
    assert text(page, "indicative-quantity") == "\u00d7 2, 3 more to buy"

    enter("HALTED")

    wait(page, lambda: text(page, "session") == "Halted")
    assert not page.find_element(By.ID, "indication").is_displayed()
