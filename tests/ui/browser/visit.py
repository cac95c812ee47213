"""The app as its users have it: a Streamlit process and Chromium."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from readmission.domain import synthetic
from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.site.ports import free_ports
from tests.api.serving import wait_for
from tests.browser import browser

PATIENCE = 60_000
"""Milliseconds that a busy machine may need for one step."""
DESKTOP, PHONE = (1280, 900), (390, 844)
PAGES = {
    "Predict": "Readmission risk",
    "Files": "Files",
    "Model": "Model",
    "Capacity": "Capacity",
    "Data quality": "Data quality",
}
SPANISH_PAGES = {
    "Predecir": "Riesgo de reingreso",
    "Archivos": "Archivos",
    "Modelo": "Modelo",
    "Capacidad": "Capacidad",
    "Calidad de los datos": "Calidad de los datos",
}
"""Heading of each page by its name in the navigation, in each language."""
HEADINGS = PAGES | SPANISH_PAGES

# On a deep link, Streamlit looks for its server below the path of the page before the root.
EXPECTED_ERRORS = re.compile(r"/_stcore/(health|host-config)")
STREAMLIT_VIOLATIONS = {"presentation-role-conflict"}
"""Violation in Streamlit's own file uploader."""

SETTLE_MS = 300
"""How long nothing may change before a page counts as settled; one run often starts another."""
IS_SETTLED = """settle_ms => {
    const changing = !document.querySelector('[data-test-script-state=notRunning]')
        // Elements that are still loading move everything below them.
        || document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
        // Elements that fade in have a low contrast.
        || document.getAnimations().some(a => a.playState === 'running'
            && a.effect.getComputedTiming().iterations !== Infinity);
    const now = performance.now();
    if (changing || !window.settledSince) window.settledSince = now;
    return now - window.settledSince >= settle_ms;
}"""
READABLE = """() => {
    const style = document.createElement('style');
    // Icons are a font that draws their English names.
    style.textContent = '[translate=no] { display: none !important; }';
    document.head.append(style);
    const text = document.body.innerText;
    style.remove();
    return text;
}"""
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
FOCUSED_NAME = """() => {
    const e = document.activeElement;
    const isControl = ['A', 'BUTTON', 'INPUT', 'SUMMARY'].includes(e.tagName);
    return isControl || e.role === 'slider' ? (e.ariaLabel || e.innerText || e.type) : '';
}"""


@contextmanager
def page_server(log: Path, api_url: str) -> Iterator[str]:
    """Serve the app until the block ends; yield its address."""
    port = free_ports(1)[0]
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(CHECKOUT / "ui" / "app.py")),
        *("--server.address", "127.0.0.1", "--server.port", str(port)),
        *("--server.headless", "true", "--server.fileWatcherType", "none"),
    ]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=others | {f"{PREFIX}API_URL": api_url},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/_stcore/health", 200, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium; it reaches the loopback interface only."""
    offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    arguments = ["--no-sandbox", "--no-proxy-server", offline]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser(), args=arguments)
        yield started
        started.close()


def write_csv(path: Path, rows: int, **changes: str) -> Path:
    """Write a CSV file of encounters; `changes` are values by column for the second row."""
    table = synthetic.encounters(rows, seed=5).to_pandas()
    for column, value in changes.items():
        table.loc[1, column] = value
    table.to_csv(path, index=False)
    return path


class Visit:
    """One user with the app open in a browser.

    Parameters
    ----------
    page : Page
        A page of the browser.
    url : str
        Address of the app.

    Attributes
    ----------
    errors : list of str
        Errors on the console of the browser.
    requested : list of str
        Addresses that the browser requested.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        self.requested: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._note_error)
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note_error(self, message: Any) -> None:
        if message.type == "error" and not EXPECTED_ERRORS.search(message.location.get("url", "")):
            self.errors.append(f"{message.text} ({message.location.get('url')})")

    def open(self, path: str = "") -> Page:
        """Open a page by its address."""
        self.page.goto(f"{self.url}/{path}")
        expect(self.page.locator("h1")).to_be_visible(timeout=PATIENCE)
        return self.page

    def switch_to(self, name: str) -> Page:
        """Open a page through the navigation."""
        self.page.get_by_role("link", name=name, exact=True).click()
        expect(self.page.locator("h1")).to_have_text(HEADINGS[name], timeout=PATIENCE)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until nothing has changed on the page for `SETTLE_MS`."""
        self.page.evaluate("delete window.settledSince")
        self.page.wait_for_function(IS_SETTLED, arg=SETTLE_MS, timeout=PATIENCE)

    def tab_to(self, name: str) -> None:
        """Press Tab until a control with this name has the focus."""
        for _ in range(90):
            self.page.keyboard.press("Tab")
            focused = str(self.page.evaluate(FOCUSED_NAME))
            if name in focused and not focused.startswith("Help"):
                return
        pytest.fail(f"{name!r} cannot be reached by the keyboard")

    def violations(self) -> list[str]:
        """Return the accessibility violations that axe finds on the settled page."""
        self.settle()
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:200]}"
            for rule in found
            if rule["id"] not in STREAMLIT_VIOLATIONS
            for node in rule["nodes"]
        ]

    def text(self) -> str:
        """Return what people read on the page."""
        return str(self.page.evaluate(READABLE))

    def history(self) -> list[str]:
        """Return the addresses in the browser's history of this visit."""
        session = self.page.context.new_cdp_session(self.page)
        return [entry["url"] for entry in session.send("Page.getNavigationHistory")["entries"]]

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate(OVERFLOW))

    def stored(self) -> dict[str, str]:
        """Return the browser's storage and cookies by name."""
        stored: dict[str, str] = self.page.evaluate("({...localStorage, ...sessionStorage})")
        return stored | {cookie["name"]: cookie["value"] for cookie in self.page.context.cookies()}


Visiting = Callable[..., Visit]
