"""The page on a phone, in the dark, for a screen reader, and on an exchange that is new or halted."""

from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.chromium import PHONE, SCREEN, TABLET
from tests.browser.desk import Desk, wait
from tests.integration.api.served_exchange import Served

AXE = Path(__file__).parent / "axe/axe.min.js"
WINDOWS = (PHONE, TABLET, SCREEN)


def violations(desk: Desk, rules: list[str]) -> list[str]:
    """What axe finds, looking for these rules or for all: each broken rule, and where."""
    found: list[str] = desk.browser.execute_async_script(
        """const [rules, done] = arguments;
        axe.run(document, rules.length ? {runOnly: rules} : {}).then(({violations}) => done(violations.flatMap(
            (rule) => rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.failureSummary}`))))""",
        rules,
    )
    return found


def test_axe_finds_nothing_in_any_size_and_theme(desk: Desk) -> None:
    desk.place("BUY", "1", "149", user_id=desk.user)
    desk.fill(price="150.001")
    desk.browser.find_element(By.CSS_SELECTOR, "#rare summary").click()
    desk.wait(lambda: len(desk.rows("orders")) == 1)
    desk.run(AXE.read_text(encoding="utf-8"))
    found = {}
    for window in WINDOWS:
        # A theme changes colours alone.
        for theme, rules in (("light", []), ("dark", ["color-contrast"])):
            desk.view(window._replace(theme=theme))
            found[window.width, theme] = violations(desk, rules)

    assert {where: broken for where, broken in found.items() if broken} == {}


def test_nothing_is_wider_than_the_window(desk: Desk) -> None:
    widths = {}
    for window in WINDOWS:
        desk.view(window)
        widths[window.width] = desk.run("return document.documentElement.scrollWidth")

    assert widths == {390: 390, 1024: 1024, 1440: 1440}


def test_ticket_is_in_reach_on_a_phone(desk: Desk) -> None:
    desk.view(PHONE)
    desk.wait(lambda: not desk.find("submit").is_displayed())
    desk.browser.find_element(By.CSS_SELECTOR, ".dock .sell").click()
    desk.wait(lambda: desk.find("submit").is_displayed())
    desk.fill(price="150.40", quantity="1")
    desk.submit()
    desk.wait(lambda: "rests on the book" in desk.text("outcome"))

    desk.find("close-ticket").click()

    desk.wait(lambda: not desk.find("submit").is_displayed())
    assert desk.own_orders()[0]["side"] == "SELL"


def test_theme_can_be_changed_and_is_kept(desk: Desk) -> None:
    desk.view(SCREEN)
    light = desk.run("return getComputedStyle(document.body).backgroundColor")

    desk.find("theme").click()

    dark = desk.run("return getComputedStyle(document.body).backgroundColor")
    assert dark != light
    desk.browser.refresh()
    assert desk.run("return getComputedStyle(document.body).backgroundColor") == dark


def test_new_exchange_says_how_to_begin_and_a_halted_one_that_it_is(
    browser: Chrome, address: str, exchange: Served
) -> None:
    browser.get(address)
    wait(browser, lambda: browser.find_element(By.ID, "first-start").is_displayed())
    browser.find_element(By.ID, "make-market").click()
    wait(browser, lambda: browser.find_element(By.ID, "symbol-name").text == "DEMO")
    wait(browser, lambda: browser.find_element(By.ID, "best-bid").text not in ("", "\u2013"))
    assert not browser.find_element(By.ID, "first-start").is_displayed()

    exchange.exchange.halt(OSError("the disk is gone"))

    wait(browser, lambda: browser.find_element(By.ID, "status-text").text == "Not up to date")
    wait(browser, lambda: "halted" in browser.find_element(By.ID, "banner").text)
