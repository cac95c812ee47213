"""Screenshots of the pages, and the evidence as PDF, by headless Chromium."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from readmission.stack.errors import StackError
from readmission.stack.evidence.report import Picture
from readmission.stack.evidence.views import View
from readmission.stack.site.ports import HOST

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
TOKEN_COOKIE = "_token"  # noqa: S105 - the name of the cookie in which Airflow's pages keep a login
WINDOW = {"width": 1400, "height": 1000}
PATIENCE = 30_000
"""Milliseconds until a page must have loaded."""
SETTLE = 3_000
"""Milliseconds for a page to draw what it has loaded."""


@contextmanager
def chromium(*hosts: str, alias: str = "") -> Iterator["Browser"]:
    """Run headless Chromium; it reaches this machine and the named hosts only.

    Parameters
    ----------
    *hosts : str
        Names or addresses of other machines.
    alias : str
        Name or address under which it reaches this machine, too; empty for none.

    Raises
    ------
    StackError
        If Chromium or Playwright is not installed.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise StackError("Chromium is not installed: `apt-get install chromium`")
    # Imported lazily: only the evidence needs it.
    from playwright.sync_api import sync_playwright

    known = "".join(f", EXCLUDE {host}" for host in {HOST, *hosts})
    named = f"MAP {alias} {HOST}, " if alias else ""
    alone = f"--host-resolver-rules={named}MAP * ~NOTFOUND{known}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--no-proxy-server", alone]
        )
        yield browser
        browser.close()


def take(browser: "Browser", wanted: Sequence[View], language: str) -> list[Picture]:
    """Return a picture of each page, or why there is none."""
    return [take_one(browser, view, language) for view in wanted]


def take_one(browser: "Browser", view: View, language: str) -> Picture:
    """Return a picture of a page, or why there is none."""
    from playwright.sync_api import Error

    context = open_context(browser, view, language)
    try:
        page = context.new_page()
        if problem := show(page, view):
            return Picture(view.titles[language], problem=problem)
        return Picture(view.titles[language], page.screenshot(full_page=view.whole))
    except Error as error:
        return Picture(view.titles[language], problem=error.message.splitlines()[0])
    finally:
        context.close()


def show(page: "Page", view: View) -> str:
    """Open a page, press what is to be pressed, and wait for what it must show.

    Returns what is wrong, or an empty text.
    """
    if view.problem:
        return view.problem
    response = page.goto(view.url, timeout=PATIENCE)
    if response is not None and not response.ok:
        return f"{view.url} returned {response.status}"
    settle(page)
    for selector in view.press:
        page.locator(selector).first.click(timeout=PATIENCE)
        settle(page)
    if view.shows:
        page.locator(view.shows).first.wait_for(timeout=PATIENCE)
    return ""


def settle(page: "Page") -> None:
    """Wait until a page has loaded what it shows, and has drawn it."""
    from playwright.sync_api import TimeoutError as StillLoading

    # A page that never stops loading, such as a log that is followed, is shown as it is.
    with suppress(StillLoading):
        page.wait_for_load_state("networkidle", timeout=PATIENCE)
    page.wait_for_timeout(SETTLE)


def open_context(browser: "Browser", view: View, language: str) -> "BrowserContext":
    options: dict[str, object] = {"viewport": WINDOW, "locale": language}
    if view.header:
        options["extra_http_headers"] = {"Authorization": view.header}
    if view.login:
        options["http_credentials"] = dict(view.login)
    context = browser.new_context(**options)  # type: ignore[arg-type]
    for name, value in view.storage.items():
        context.add_init_script(f"localStorage.setItem({json.dumps(name)}, {json.dumps(value)})")
    if view.token:
        # Given the address of a page, the cookie would hold only for the folder of that page.
        host = urlsplit(view.url).hostname
        context.add_cookies(
            [{"name": TOKEN_COOKIE, "value": view.token, "domain": host, "path": "/"}]
        )
    return context


def print_pdf(browser: "Browser", page: Path, file: Path) -> None:
    """Print a page of this machine as PDF."""
    opened = browser.new_page()
    opened.goto(page.resolve().as_uri())
    opened.pdf(path=file, format="A4", print_background=True)
    opened.close()
