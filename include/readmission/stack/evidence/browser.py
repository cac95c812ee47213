"""Screenshots of the pages, and the evidence as PDF, by headless Chromium."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from readmission.operations import prometheus_login
from readmission.stack.access import open_airflow
from readmission.stack.errors import StackError
from readmission.stack.evidence.report import Picture
from readmission.stack.services import airflow
from readmission.stack.services.observability import prometheus
from readmission.stack.site.ports import HOST
from readmission.stack.site.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
TOKEN_COOKIE = "_token"  # noqa: S105 - the name of the cookie in which Airflow's pages keep a login
TRAINING = "model_training_pipeline"
WINDOW = {"width": 1400, "height": 1000}
PATIENCE = 30_000
"""Milliseconds until a page must have loaded."""
SETTLE = 3_000
"""Milliseconds that a page gets to draw what it has loaded."""


@dataclass(frozen=True)
class View:
    """A page to take a picture of.

    Parameters
    ----------
    titles : mapping of str to str
        What it shows, by language.
    url : str
        Its address.
    login : mapping of str to str, optional
        User and password for basic authentication.
    token : str
        Airflow's token.
    """

    titles: Mapping[str, str]
    url: str
    login: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default="", repr=False)


def views(site: Site, token: str) -> list[View]:
    """Return the pages of a stack on one machine."""
    settings, keys = site.settings, site.credentials
    viewer = {"username": "viewer", "password": keys.mlflow_viewer}
    page, models = site.airflow_url, settings.mlflow_tracking_uri
    found = [
        View({"en": "Airflow: the DAGs", "es": "Airflow: los DAGs"}, f"{page}/dags", token=token),
        View({"en": "Airflow: the assets", "es": "Airflow: los assets"}, f"{page}/assets",
             token=token),
        View({"en": "Airflow: the runs of the training", "es": "Airflow: las ejecuciones"},
             f"{page}/dags/{TRAINING}", token=token),
        *run_views(site, token),
        View({"en": "MLflow: the experiment", "es": "MLflow: el experimento"},
             f"{models}/#/experiments/1", viewer),
        View({"en": "MLflow: the registry", "es": "MLflow: el registro de modelos"},
             f"{models}/#/models/{settings.model_name}", viewer),
        View({"en": "The clinicians' page", "es": "La página para clínicos"},
             f"http://{HOST}:{settings.ui_port}/"),
    ]  # fmt: skip
    if prometheus.program() is not None:
        login = {"username": prometheus_login.USER, "password": keys.prometheus}
        titles = {"en": "Prometheus: the targets", "es": "Prometheus: los targets"}
        server = f"http://{HOST}:{settings.prometheus_port}"
        found.append(View(titles, targets_page(server, keys.prometheus), login))
    return found


def targets_page(server: str, password: str) -> str:
    """Return the address of Prometheus' targets; Debian's package has the classic pages only."""
    classic = f"{server}/classic/targets"
    with suppress(httpx.HTTPError), httpx.Client(timeout=30, trust_env=False) as client:
        if client.get(classic, auth=(prometheus_login.USER, password)).is_success:
            return classic
    return f"{server}/targets"


def run_views(site: Site, token: str) -> list[View]:
    """Return the pages of the newest run of the training and of a log; none without such a run."""
    client = open_airflow(site)
    try:
        done = (run for run in client.runs(TRAINING) if run.state == "success")
        if (run := next(done, None)) is None:
            return []
        task = client.tasks(run)[0]["task_id"]
    except StackError:
        return []
    page = f"{site.airflow_url}{run.path}"
    return [
        View({"en": "Airflow: a run", "es": "Airflow: una ejecución"}, page, token=token),
        View({"en": "Airflow: a task's log", "es": "Airflow: el log de una tarea"},
             f"{page}/tasks/{task}", token=token),
    ]  # fmt: skip


def airflow_token(site: Site) -> str:
    """Return a token of Airflow's administrator; empty if Airflow does not respond."""
    login = {"username": airflow.USER, "password": site.credentials.airflow_admin}
    try:
        with httpx.Client(timeout=30, trust_env=False) as client:
            response = client.post(f"{site.airflow_url}/auth/token", json=login)
            return str(response.raise_for_status().json()["access_token"])
    except httpx.HTTPError:
        return ""


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Run headless Chromium; it reaches this machine only.

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

    alone = f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--no-proxy-server", alone]
        )
        yield browser
        browser.close()


def take(browser: "Browser", wanted: Sequence[View], language: str) -> list[Picture]:
    """Return a picture of each page, or why there is none."""
    return [_take(browser, view, language) for view in wanted]


def _take(browser: "Browser", view: View, language: str) -> Picture:
    from playwright.sync_api import Error

    context = _context(browser, view, language)
    try:
        page = context.new_page()
        response = page.goto(view.url, timeout=PATIENCE)
        if response is not None and not response.ok:
            return Picture(view.titles[language], problem=f"{view.url} returned {response.status}")
        page.wait_for_timeout(SETTLE)
        return Picture(view.titles[language], page.screenshot())
    except Error as error:
        return Picture(view.titles[language], problem=error.message.splitlines()[0])
    finally:
        context.close()


def _context(browser: "Browser", view: View, language: str) -> "BrowserContext":
    options: dict[str, object] = {"viewport": WINDOW, "locale": language}
    if view.login:
        options["http_credentials"] = dict(view.login)
    context = browser.new_context(**options)  # type: ignore[arg-type]
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
