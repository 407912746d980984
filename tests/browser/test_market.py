"""What the page shows of a market, in a real browser."""

import os
import signal

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.desk import Desk
from tests.integration.service.server_process import ServerProcess

NONE = "\u2013"  # The dash that stands for no value.


def test_page_shows_book_trades_statistics_and_charts(desk: Desk) -> None:
    desk.wait(lambda: desk.text("volume") == "1" and desk.rows("trades"))

    assert (desk.text("best-bid"), desk.text("best-ask"), desk.text("spread")) == ("150.10", "150.30", "0.20")
    assert desk.rows("bids") == [["150.10", "0.5", "0.5"], ["150.00", "7", "7.5"]]
    assert desk.rows("asks") == [["150.30", "2", "2"]]
    assert [row[:2] for row in desk.rows("trades")] == [["150.30", "1"]]
    assert (desk.text("last-price"), desk.text("ladder-last"), desk.text("session")) == ("150.30", "150.30", "Open")
    assert desk.run("return document.querySelector('.depth-bids').getAttribute('d').length > 20")
    desk.wait(lambda: desk.run("return document.querySelectorAll('#candles canvas').length > 1"))
    market = desk.browser.find_element(By.CSS_SELECTOR, f"#markets a[href='#{desk.symbol}']")
    assert market.get_attribute("aria-current") == "true"
    assert desk.complaints() == []


def test_all_figures_of_a_moving_market_are_of_one_sequence(desk: Desk) -> None:
    script = """const text = (id) => document.getElementById(id).innerText;
        const newest = document.getElementById('trades').rows[0]?.cells[0].innerText;
        return [newest, text('last-price'), text('ladder-last')]"""
    seen: set[tuple[str, ...]] = set()
    for number in range(1_000):
        desk.place("BUY", "1", f"151.{number % 100:02}")
        desk.place("SELL", "1", f"151.{number % 100:02}", user_id="taker")
        seen.add(tuple(desk.run(script)))
        if len(seen) > 4:
            break

    desk.wait(lambda: desk.text("last-price") == desk.ask("GET", f"/market/{desk.symbol}")["last_price"])
    assert len(seen) > 4
    assert [figures for figures in seen if len(set(figures)) != 1] == []


def test_another_symbol_is_shown_and_kept_in_the_address(desk: Desk) -> None:
    other = f"{desk.symbol}B"
    desk.place("BUY", "1", "9", symbol=other)

    desk.find("symbol").send_keys(other.lower(), Keys.ENTER)

    desk.wait(lambda: desk.text("best-bid") == "9.00")
    assert desk.browser.current_url.endswith(f"#{other}")
    assert (desk.text("symbol-name"), desk.text("best-ask"), desk.text("last-price")) == (other, NONE, NONE)
    desk.find("symbol").send_keys("NONE" + desk.symbol, Keys.ENTER)
    desk.wait(lambda: f"Nothing is listed as NONE{desk.symbol} yet" in desk.text("banner"))
    assert desk.rows("bids") == []


def test_page_shows_the_session_and_what_the_auction_would_do(desk: Desk) -> None:
    def enter(state: str) -> None:
        desk.ask("POST", f"/instruments/{desk.symbol}/state", {"state": state})

    enter("PRE_OPEN")
    desk.wait(lambda: desk.text("session") == "Before the auction")
    assert "would not trade" in desk.text("indication")
    desk.place("BUY", "5", "150.30")
    desk.wait(lambda: desk.text("indication") == "The auction would trade 2 at 150.30, 3 more to buy.")

    enter("HALTED")

    desk.wait(lambda: desk.text("session") == "Halted")
    assert not desk.find("indication").is_displayed()


def test_silence_is_noticed_dims_the_figures_and_locks_the_button(desk: Desk, server: ServerProcess) -> None:
    desk.fill(quantity="1", price="150")
    os.killpg(server.process.pid, signal.SIGSTOP)
    try:
        desk.wait(lambda: desk.text("status-text") == "Not up to date")
        assert not desk.find("submit").is_enabled()
        desk.wait(lambda: desk.run("return getComputedStyle(document.querySelector('.ladder')).opacity < 0.5"))
    finally:
        os.killpg(server.process.pid, signal.SIGCONT)

    desk.place("BUY", "1", "150.20")

    desk.wait(lambda: desk.text("status-text") == "Live" and desk.text("best-bid") == "150.20")
    assert desk.find("submit").is_enabled()


def test_page_asks_for_nothing_while_it_is_hidden(desk: Desk) -> None:
    requests_while_hidden = desk.browser.execute_async_script(
        """
        const done = arguments[0];
        Object.defineProperty(document, "hidden", {configurable: true, get: () => true});
        document.dispatchEvent(new Event("visibilitychange"));
        const asked = () => performance.getEntriesByType("resource").length;
        setTimeout(() => { const before = asked(); setTimeout(() => done(asked() - before), 2500); }, 500);
        """
    )

    assert requests_while_hidden == 0


def test_documentation_is_self_contained_and_leads_to_the_problems(desk: Desk) -> None:
    desk.complaints()
    desk.browser.get(f"{desk.url}/docs#order_final")

    assert desk.find("order_final").is_displayed()
    addresses = desk.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert all(resource.startswith(desk.url) for resource in addresses)
    assert desk.complaints() == []
