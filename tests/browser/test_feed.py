"""How the page gets the market: by WebSocket, by REST while the feeds are away, and at a hundred updates a second."""

import os
import signal
from typing import Any

from tests.browser.desk import Desk
from tests.integration.feeds.listening import feed_processes
from tests.integration.service.server_process import ServerProcess

UPDATES = 300


def is_streamed(desk: Desk) -> bool:
    return desk.find("status").get_attribute("title") == "WebSocket"


def test_market_comes_by_websocket_and_nobody_asks_for_the_book(desk: Desk) -> None:
    desk.wait(lambda: is_streamed(desk))
    desk.run("performance.clearResourceTimings()")

    for price in ("150.11", "150.12", "150.13"):
        desk.place("BUY", "1", price)
        desk.wait(lambda price=price: desk.text("best-bid") == price)  # type: ignore[misc]  # binds the price

    asked = desk.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [address for address in asked if "/depth" in address] == []


def test_market_goes_on_by_rest_while_the_feeds_are_away_and_is_streamed_again(
    desk: Desk, server: ServerProcess
) -> None:
    desk.wait(lambda: is_streamed(desk))
    for process_id in feed_processes(server):
        os.kill(process_id, signal.SIGKILL)

    desk.place("BUY", "1", "150.20")

    desk.wait(lambda: desk.text("best-bid") == "150.20")
    assert desk.text("status-text") == "Live"
    desk.wait(lambda: is_streamed(desk))
    desk.place("BUY", "1", "150.25")
    desk.wait(lambda: desk.text("best-bid") == "150.25")


def test_updates_cost_so_little_that_a_hundred_a_second_are_drawn_smoothly(desk: Desk) -> None:
    desk.wait(lambda: is_streamed(desk))
    desk.run(
        """window.drawn = 0;
        const request = window.requestAnimationFrame;
        window.requestAnimationFrame = (draw) => request((time) => { window.drawn += 1; draw(time); });"""
    )
    desk.browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    before = worked_seconds(desk)

    for number in range(UPDATES):
        desk.place("BUY", "1", f"149.{number % 100:02}")
    desk.place("BUY", "1", "150.28")
    desk.wait(lambda: desk.text("best-bid") == "150.28")

    # At most sixty pictures and a hundred updates a second then take six tenths of one.
    assert worked_seconds(desk) - before < desk.run("return window.drawn") * 0.008 + UPDATES * 0.001


def worked_seconds(desk: Desk) -> float:
    """Return the CPU time that the page's thread has taken."""
    metrics: list[dict[str, Any]] = desk.browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration"))
