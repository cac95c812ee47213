"""A running app, a browser, and visits that must end without errors or stored data."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.api.serving import Service
from tests.ui.browser.visit import DESKTOP, PATIENCE, Visit, Visiting, chromium, page_server

STREAMLIT_STORES = ("stActiveTheme", "_streamlit_xsrf")
"""All that may stay in the browser: the theme, and the token of Streamlit's upload form."""

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def page_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the app's server."""
    return tmp_path_factory.mktemp("page") / "log"


@pytest.fixture(scope="session")
def site(api: Service, page_log: Path) -> Iterator[str]:
    """The address of the running app."""
    with page_server(page_log, api.url) as url:
        yield url


# Playwright keeps an event loop running, so it must end before other modules use asyncio.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture
def visiting(browser: Browser, site: str) -> Iterator[Visiting]:
    """Start a visit; at the end the browser must have logged no error and stored nothing."""
    visits: list[Visit] = []

    def start(url: str = site, size: tuple[int, int] = DESKTOP, language: str = "en-US") -> Visit:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=language
        )
        visits.append(Visit(context.new_page(), url))
        return visits[-1]

    yield start
    stored = {name for visit in visits for name in visit.stored()}
    for visit in visits:
        visit.page.context.close()
    assert {name for name in stored if not name.startswith(STREAMLIT_STORES)} == set()
    assert [error for visit in visits for error in visit.errors] == []
