"""Open pages in headless Chromium without a network, and return what they show."""

import json
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

WRAPPER = "look.html"
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1300,900",
)  # fmt: skip
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
SCRIPT = """
addEventListener("load", () => {
  const seen = [...document.querySelectorAll("iframe")].map(frame => {
    const page = frame.contentDocument, view = frame.contentWindow;
    const style = (selector, name) => {
      const found = page.querySelector(selector);
      return found ? view.getComputedStyle(found)[name] : "";
    };
    return {
      text: page.body.innerText,
      bar: style(".bar", "backgroundColor"),
      font: style("body", "fontFamily"),
      verdicts: ["passed", "warned", "failed"].map(word => style("." + word, "backgroundColor")),
      scripts: page.scripts.length,
      requested: view.performance.getEntriesByType("resource").map(entry => entry.name),
    };
  });
  document.body.textContent = JSON.stringify(seen);
});
"""


@dataclass(frozen=True)
class Seen:
    """What one page shows.

    Parameters
    ----------
    text : str
        The visible text.
    bar, font : str
        Colour of the bar at the top, fonts of the text.
    verdicts : list of str
        Background of the first pass, warning and failure; empty if the page has none.
    scripts : int
        Scripts of the page.
    requested : list of str
        Addresses that the page loaded or tried to load.
    """

    text: str
    bar: str
    font: str
    verdicts: list[str]
    scripts: int
    requested: list[str]


def look(folder: Path, pages: Sequence[str]) -> list[Seen]:
    """Open pages of a folder in a browser without a network.

    Parameters
    ----------
    folder : Path
        Served on the loopback interface.
    pages : sequence of str
        Names within the folder.
    """
    frames = "".join(f'<iframe width="1300" height="900" src="{page}"></iframe>' for page in pages)
    wrapper = folder / WRAPPER
    wrapper.write_text(f"<!DOCTYPE html><script>{SCRIPT}</script>{frames}")
    try:
        with served(folder) as address, tempfile.TemporaryDirectory() as profile:
            command = [
                browser(), *QUIET, OFFLINE, f"--user-data-dir={profile}", "--dump-dom",
                f"{address}/{WRAPPER}",
            ]  # fmt: skip
            shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    finally:
        wrapper.unlink()
    found = re.search(r"<body>(\[.*\])</body>", shown.stdout, re.DOTALL)
    assert found, f"the pages did not load: {shown.stdout[:500]} {shown.stderr[-500:]}"
    return [Seen(**page) for page in json.loads(unescape(found[1]))]


def browser() -> str:
    """Return the command that starts Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.fail("Chromium is not installed; apt-get install chromium")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on the loopback interface; yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    """A file server without an access log."""

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""
