"""Trading on the page, in a real browser: the ticket, one's own orders and positions, the keys."""

import json

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.desk import Desk
from tests.integration.service.server_process import ServerProcess, command_line


def test_order_is_placed_marked_traded_amended_and_canceled(desk: Desk) -> None:
    desk.fill(quantity="5", price="150.20")
    desk.submit()
    desk.wait(lambda: "rests on the book" in desk.text("outcome"))
    desk.wait(lambda: ["150.20 5", "5", "5"] in desk.rows("bids"))
    (order,) = desk.own_orders()
    assert (order["side"], order["quantity"], order["price"]) == ("BUY", "5", "150.20")
    desk.wait(
        lambda: [row[:7] for row in desk.rows("orders")] == [[desk.symbol, "Buy", "Limit", "150.20", "0", "5", "Open"]]
    )

    desk.place("SELL", "2", "150.20")
    desk.wait(lambda: desk.rows("orders")[0][4:7] == ["2", "5", "Part filled"])
    desk.wait(lambda: desk.rows("positions") == [[desk.symbol, "2", "150.20", "0.00"]])

    desk.own_button("Amend", order["order_id"]).click()
    price = desk.browser.find_element(By.CSS_SELECTOR, f"input[aria-label='Price of order {order['order_id']}']")
    price.clear()
    price.send_keys("150.15", Keys.ENTER)
    desk.wait(lambda: desk.rows("orders")[0][3] == "150.15")
    assert desk.own_orders()[0]["price"] == "150.15"

    desk.own_button("Cancel", order["order_id"]).click()
    desk.wait(lambda: desk.rows("orders") == [])
    assert desk.own_orders() == []


def test_escape_leaves_a_change_and_then_asks_to_cancel_all(desk: Desk) -> None:
    orders = [desk.place("BUY", "1", price, user_id=desk.user) for price in ("149", "148")]
    desk.wait(lambda: len(desk.rows("orders")) == 2)
    desk.own_button("Amend", orders[0]["order_id"]).click()
    desk.press(Keys.ESCAPE)
    desk.wait(lambda: desk.own_button("Amend", orders[0]["order_id"]))
    assert not desk.find("question").is_displayed()

    desk.press(Keys.ESCAPE)
    desk.wait(lambda: desk.text("question-title") == "Cancel all 2 of your orders?")
    desk.find("question-yes").send_keys(Keys.ESCAPE)
    desk.wait(lambda: not desk.find("question").is_displayed())
    assert len(desk.own_orders()) == 2
    desk.press(Keys.ESCAPE)
    desk.accept_question()

    desk.wait(lambda: desk.rows("orders") == [])
    assert desk.own_orders() == []


def test_keys_open_the_ticket_for_a_side(desk: Desk) -> None:
    desk.press("s")
    active = desk.browser.switch_to.active_element
    assert (active.get_attribute("id"), desk.text("submit")) == ("price", f"Sell {desk.symbol}")
    active.send_keys("b")
    assert active.get_attribute("value") == "b"
    active.clear()
    active.send_keys(Keys.ESCAPE)

    desk.press("b")

    assert desk.text("submit") == f"Buy {desk.symbol}"


def test_order_is_checked_while_it_is_typed(desk: Desk) -> None:
    desk.ask("PUT", f"/risk-limits/{desk.user}", {"max_order_quantity": "50"})
    desk.load()
    desk.fill(price="150.001", quantity="51")

    desk.wait(lambda: "limit is 50" in desk.text("quantity-error"))
    assert desk.text("price-error") == "Not a multiple of the tick 0.01: 150 or 150.01?"
    desk.submit()
    assert desk.browser.switch_to.active_element.get_attribute("aria-invalid") == "true"
    desk.fill(price="150.30", quantity="3")
    assert (desk.text("price-error"), desk.text("quantity-error")) == ("", "")
    assert (desk.text("notional"), desk.text("takes")) == ("450.90", "2 of 3 at 150.3")
    assert desk.own_orders("FILLED,OPEN") == []


def test_absurd_price_is_asked_about_first(desk: Desk) -> None:
    desk.fill(price="1503", quantity="1" + Keys.ENTER)
    desk.wait(lambda: "1503 is 900 % above 150.3" in desk.text("question-text"))
    desk.find("question-yes").send_keys(Keys.ESCAPE)
    desk.wait(lambda: not desk.find("question").is_displayed())
    assert desk.own_orders("FILLED,OPEN") == []

    desk.submit()
    desk.accept_question()

    desk.wait(lambda: "is filled" in desk.text("outcome"))
    assert desk.find("outcome").get_attribute("data-tone") == "good"


def test_order_that_got_nothing_is_not_good_news(desk: Desk) -> None:
    desk.fill(price="150.20", quantity="1")
    desk.choose("time_in_force", "Immediate (IOC)")
    desk.submit()

    desk.wait(lambda: "got nothing" in desk.text("outcome"))
    assert desk.find("outcome").get_attribute("data-tone") == "nothing"


def test_refusal_by_the_rulebook_is_said_in_words(desk: Desk) -> None:
    desk.ask("POST", f"/instruments/{desk.symbol}/state", {"state": "HALTED"})
    desk.fill(quantity="5", price="150")
    desk.submit()

    desk.wait(lambda: "Refused." in desk.text("outcome"))
    assert "halted" in desk.text("outcome")
    assert desk.find("outcome").get_attribute("data-tone") == "bad"


def test_market_order_sells_by_keyboard_alone(desk: Desk) -> None:
    desk.choose("type", "Market")
    desk.browser.find_element(By.CSS_SELECTOR, "input[value=BUY]").send_keys(Keys.ARROW_RIGHT)
    desk.find("quantity").send_keys("0.25", Keys.ENTER)

    desk.wait(lambda: "is filled" in desk.text("outcome"))
    assert "Traded 0.25 of 0.25 at 150.10" in desk.text("outcome")
    desk.wait(lambda: desk.rows("trades")[0][:2] == ["150.10", "0.25"])


def offered(desk: Desk) -> list[str]:
    """The fields that can be filled in and that only some orders have."""
    names = ("price", "stop_price", "trail_amount", "expire_at", "display_quantity", "post_only")
    return [name for name in names if desk.find(name).is_enabled() and desk.find(name).is_displayed()]


def test_ticket_offers_what_the_type_of_order_takes(desk: Desk) -> None:
    desk.browser.find_element(By.CSS_SELECTOR, "#rare summary").click()
    expected = {
        ("Limit", "Until canceled"): ["price", "display_quantity", "post_only"],
        ("Limit", "Until a time"): ["price", "expire_at", "display_quantity", "post_only"],
        ("Limit", "Immediate (IOC)"): ["price"],
        ("Market", "Fill or kill (FOK)"): [],
        ("Stop", "For the day"): ["stop_price"],
        ("Stop limit", "Immediate (IOC)"): ["price", "stop_price"],
        ("Trailing stop", "Until a time"): ["trail_amount", "expire_at"],
    }
    found = {}
    for kind, time in expected:
        desk.choose("type", kind)
        desk.choose("time_in_force", time)
        found[kind, time] = offered(desk)

    assert found == expected


def test_stop_is_placed_with_an_end_in_the_user_s_own_time(desk: Desk) -> None:
    desk.choose("type", "Stop")
    desk.choose("time_in_force", "Until a time")
    desk.fill(quantity="5", stop_price="160")
    desk.run("document.getElementById('expire_at').value = '2099-01-02T03:04:05'")
    desk.submit()

    desk.wait(lambda: "waits for its stop price" in desk.text("outcome"))
    (order,) = desk.own_orders()
    assert (order["type"], order["stop_price"], order["status"]) == ("STOP", "160.00", "PENDING")
    expected = desk.run("return new Date('2099-01-02T03:04:05').toISOString()")
    assert order["expire_at"] == expected.replace(".000Z", ".000000Z")


def test_rare_terms_are_folded_and_sent(desk: Desk) -> None:
    assert not desk.find("display_quantity").is_displayed()
    desk.browser.find_element(By.CSS_SELECTOR, "#rare summary").click()
    desk.fill(quantity="50", price="149.5", display_quantity="5", client_order_id="mine")
    desk.choose("self_trade_prevention", "Cancel both")
    desk.submit()

    desk.wait(lambda: ["149.50 50", "5", "12.5"] in desk.rows("bids"))
    (order,) = desk.own_orders()
    terms = [order[name] for name in ("display_quantity", "self_trade_prevention", "client_order_id")]
    assert terms == ["5", "CANCEL_BOTH", "mine"]


def test_price_of_the_book_goes_into_the_ticket(desk: Desk) -> None:
    desk.browser.find_element(By.CSS_SELECTOR, "#asks tr:last-child button").click()
    assert desk.find("price").get_attribute("value") == "150.30"

    desk.find("price").send_keys(Keys.ARROW_UP, Keys.ARROW_UP)

    assert desk.find("price").get_attribute("value") == "150.32"


def test_user_and_key_are_asked_for_and_kept_in_the_tab_only(desk: Desk) -> None:
    desk.load(user="", key="")
    desk.fill(quantity="5", price="149.5")
    desk.submit()
    desk.wait(lambda: "Say who" in desk.text("account-error"))
    assert desk.browser.switch_to.active_element.get_attribute("id") == "user_id"
    desk.find("user_id").send_keys(desk.user, Keys.ENTER)
    desk.submit()
    desk.wait(lambda: "X-API-Key" in desk.text("account-error"))
    desk.wait(lambda: desk.browser.switch_to.active_element.get_attribute("id") == "api_key")

    desk.find("api_key").send_keys("a-key-for-the-tests", Keys.ENTER)
    desk.submit()

    desk.wait(lambda: "rests on the book" in desk.text("outcome"))
    assert desk.run("return sessionStorage.getItem('order-engine-api-key')") == "a-key-for-the-tests"
    assert desk.run("return localStorage.length") == 0


def test_key_of_a_user_says_who_trades(desk: Desk, server: ServerProcess) -> None:
    made = command_line(server.data_directory, "keys", "create", "--user", desk.user, "--json")
    key = json.loads(made.stdout)["key"]
    client = server.client()
    desk.wait(lambda: client.ask("GET", "/whoami", headers={"X-API-Key": key}).status == 200)
    desk.load(user="", key="")
    desk.find("api_key").send_keys(key, Keys.ENTER)
    desk.wait(lambda: desk.find("user_id").get_attribute("value") == desk.user)

    desk.fill(quantity="5", price="149.5")
    desk.submit()
    desk.wait(lambda: len(desk.rows("orders")) == 1)

    desk.fill(user_id="somebody-else", quantity="5", price="149.5")
    desk.submit()
    desk.wait(lambda: f"the user {desk.user} only" in desk.text("account-error"))


def test_names_that_others_typed_are_text(desk: Desk) -> None:
    name = "<img/src=x/onerror=document.title='broken'>"
    desk.place("BUY", "1", "149", user_id=name, client_order_id="<b>1</b>")
    desk.load(user=name)

    desk.wait(lambda: len(desk.rows("orders")) == 1)
    assert desk.run("return document.querySelectorAll('main img, main b').length") == 0
    assert desk.browser.title != "broken"
