"""The page as a person has it: Streamlit as a process of its own, and Chromium before it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from readmission.settings import CHECKOUT, PREFIX
from readmission.stack.site.ports import free_ports
from tests.api.serving import wait_for
from tests.browser import browser

PATIENCE = 60_000
"""Milliseconds; a busy machine may need a good part of them."""
PAGES = {
    "Predict": "Readmission risk",
    "Files": "Files",
    "Model": "Model",
    "Capacity": "Capacity",
    "Data quality": "Data quality",
}
"""Name in the navigation to heading."""

# A deep link asks below its own path first whether the server lives, and then at the root.
EXPECTED = re.compile(r"/_stcore/(health|host-config)")
STREAMLITS_OWN = {"presentation-role-conflict"}
"""What axe says of the file uploader, which is not ours to change."""

CALM = 300
"""Milliseconds without a stir after which the page is at rest: one run often starts the next."""
AT_REST = """calm => {
    const stirs = !document.querySelector('[data-test-script-state=notRunning]')
        // What is still being loaded moves what is below it when it comes.
        || document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
        // What fades in is pale until it is there.
        || document.getAnimations().some(a => a.playState === 'running'
            && a.effect.getComputedTiming().iterations !== Infinity);
    const now = performance.now();
    if (stirs || !window.atRestSince) window.atRestSince = now;
    return now - window.atRestSince >= calm;
}"""
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


@contextmanager
def page_server(log: Path, api_url: str) -> Iterator[str]:
    """Run the page until the block ends; yield its address."""
    port = free_ports(1)[0]
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(CHECKOUT / "ui" / "app.py")),
        *("--server.address", "127.0.0.1", "--server.port", str(port)),
        *("--server.headless", "true", "--server.fileWatcherType", "none"),
    ]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=foreign | {f"{PREFIX}API_URL": api_url},
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
    """Run the Chromium of this machine; it reaches nothing but the loopback interface."""
    offline = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    arguments = ["--no-sandbox", "--no-proxy-server", offline]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser(), args=arguments)
        yield started
        started.close()


class Visit:
    """One person before the page.

    Parameters
    ----------
    page : Page
        Of the browser.
    url : str
        Of our pages.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.requested: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._hear)
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        if message.type == "error" and not EXPECTED.search(message.location.get("url", "")):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def open(self, path: str = "") -> Page:
        """Open a page by its address."""
        self.page.goto(f"{self.url}/{path}")
        expect(self.page.locator("h1")).to_be_visible(timeout=PATIENCE)
        return self.page

    def turn_to(self, name: str) -> Page:
        """Open a page by the navigation."""
        self.page.get_by_role("link", name=name, exact=True).click()
        expect(self.page.locator("h1")).to_have_text(PAGES[name], timeout=PATIENCE)
        self.settle()
        return self.page

    def settle(self) -> None:
        """Wait until nothing is being drawn, nor has been for a moment."""
        self.page.evaluate("delete window.atRestSince")
        self.page.wait_for_function(AT_REST, arg=CALM, timeout=PATIENCE)

    def barriers(self) -> list[str]:
        """Return what axe finds that keeps people out."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:200]}"
            for rule in found
            if rule["id"] not in STREAMLITS_OWN
            for node in rule["nodes"]
        ]

    def history(self) -> list[str]:
        """Return the addresses that the browser remembers of this visit."""
        asked = self.page.context.new_cdp_session(self.page)
        return [entry["url"] for entry in asked.send("Page.getNavigationHistory")["entries"]]

    def overflow(self) -> int:
        """Return how many pixels stick out to the right."""
        return int(self.page.evaluate(OVERFLOW))

    def stored(self) -> dict[str, str]:
        """Return what the page has left in the browser: storage and cookies by name."""
        stored: dict[str, str] = self.page.evaluate("({...localStorage, ...sessionStorage})")
        return stored | {cookie["name"]: cookie["value"] for cookie in self.page.context.cookies()}
