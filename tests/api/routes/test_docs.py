"""The pages of the documentation load nothing from elsewhere and work in a browser."""

from pathlib import Path

import pytest

from tests.api.serving import running
from tests.ui.browser.visit import chromium


@pytest.mark.parametrize(
    ("path", "shown"), [("/docs", "Predict one encounter"), ("/redoc", "Predict one encounter")]
)
def test_a_page_needs_no_other_server(tmp_path: Path, path: str, shown: str) -> None:
    with (
        running(tmp_path / "log", mlflow_uri="http://127.0.0.1:9") as service,
        chromium() as browser,
    ):
        page = browser.new_page()
        requested: list[str] = []
        errors: list[str] = []
        page.on("response", lambda response: requested.append(response.url))
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(service.url + path)
        page.get_by_text(shown).first.wait_for(timeout=30_000)
        page.screenshot(path=str(tmp_path / "page.png"))

    assert [url for url in requested if not url.startswith((service.url, "data:", "blob:"))] == []
    # ReDoc names a logo on a CDN; the Content-Security-Policy keeps browsers from loading it.
    assert [error for error in errors if "cdn.redoc.ly/redoc/logo-mini.svg" not in error] == []
