"""Headless Chromium, and the windows that it is looked at through."""

import shutil
from pathlib import Path
from typing import NamedTuple

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1440,900"),
)


class View(NamedTuple):
    """A window's size, and the theme that the system prefers."""

    width: int
    height: int
    theme: str = "light"


PHONE, TABLET, SCREEN = View(390, 844), View(1024, 768), View(1440, 900)


def chromium(user_directory: Path) -> Chrome:
    """Start Debian's Chromium."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={user_directory}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options=options, service=Service(shutil.which("chromedriver")))


def look(browser: Chrome, view: View) -> None:
    """Look through a window."""
    metrics = {"width": view.width, "height": view.height, "deviceScaleFactor": 1, "mobile": view.width < TABLET.width}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    feature = {"name": "prefers-color-scheme", "value": view.theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
