"""The evidence: the status of each line, the page, its PDF and its pictures."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from readmission.stack.errors import StackError
from readmission.stack.evidence import browser, checklist, views
from readmission.stack.evidence.__main__ import is_complete
from readmission.stack.evidence.deployments import one_machine
from readmission.stack.evidence.lines import (
    CannotCheck,
    Line,
    LineResult,
    LineStatus,
    NotAsExpected,
    check,
    expect,
)
from readmission.stack.evidence.report import LANGUAGES, WORDS, Picture, page
from readmission.stack.services.airflow_client import DagRun
from readmission.stack.site.site import Site
from readmission.stack.stack import Stack
from tests.programs import lacking

AT = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)


def line(observe: Callable[[], str], name: str = "one") -> Line:
    """Return a line of the checklist."""
    return Line(name, {"en": "One <line>", "es": "Una línea"}, "ask it", observe)


def raising(error: Exception) -> Callable[[], str]:
    """Return an observation that fails."""

    def observe() -> str:
        raise error

    return observe


@pytest.mark.parametrize(
    ("observe", "status", "said"),
    [
        (lambda: "15000", LineStatus.PASSED, "15000"),
        (lambda: " ", LineStatus.FAILED, "no output"),
        (lambda: expect(False, "0", "more than 0"), LineStatus.FAILED, "0\nexpected more than 0"),
        (raising(NotAsExpected("no")), LineStatus.FAILED, "no"),
        (raising(StackError("Airflow is down")), LineStatus.FAILED, "Airflow is down"),
        (raising(httpx.ConnectError("refused")), LineStatus.FAILED, "refused"),
        (raising(KeyError("status")), LineStatus.FAILED, "another form: KeyError('status')"),
        (
            raising(CannotCheck("needs a cluster", "hace falta un clúster")),
            LineStatus.UNCHECKED,
            "needs a cluster",
        ),
    ],
)
def test_a_line_passes_only_with_an_output_that_holds(
    observe: Callable[[], str], status: LineStatus, said: str
) -> None:
    result = check(line(observe))

    assert result.status is status
    assert said in result.output


def test_without_a_running_stack_no_line_passes(site: Site) -> None:
    results = [check(each) for each in checklist.checklist(one_machine.deployment(site))]

    statuses = {result.line.name: result.status for result in results}
    assert len(statuses) == len(results), "two lines have the same name"
    unchecked = {name for name in statuses if statuses[name] is LineStatus.UNCHECKED}
    assert unchecked >= {"kubernetes", "load"}
    assert set(statuses.values()) == {LineStatus.FAILED, LineStatus.UNCHECKED}
    assert {"services", "airflow", "dags", "raw", "runs", "production", "artifacts"} <= (
        statuses.keys() - unchecked
    )


def test_an_empty_table_does_not_pass(raw_db: psycopg.Connection, databases: Stack) -> None:
    raw_db.commit()

    with pytest.raises(NotAsExpected, match="expected more than 0"):
        checklist.rows(one_machine.deployment(databases.site), "raw")


def test_a_swap_of_the_model_needs_two_promotions(site: Site) -> None:
    promoted = ["batch batch-0001: version 1"]
    there = replace(
        one_machine.deployment(site), query=lambda _database, _statement: "\n".join(promoted)
    )

    with pytest.raises(CannotCheck, match="only one version"):
        checklist.swap(there)
    promoted.append("batch batch-0002: version 4")
    assert checklist.swap(there).splitlines() == promoted


def test_the_statement_of_promotions_fits_the_table(
    clean_db: psycopg.Connection, databases: Stack
) -> None:
    clean_db.commit()

    assert one_machine.query(databases.site, "clean", checklist.PROMOTED) == ""


def test_prometheus_must_reach_every_job(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    # given Prometheus' response without the job of the API
    jobs = ["airflow", "pipeline", "prometheus"]

    def respond(self: httpx.Client, url: str, **_: Any) -> httpx.Response:
        found = [{"metric": {"job": job}, "value": [0, "1"]} for job in jobs]
        request = httpx.Request("GET", url)
        return httpx.Response(200, json={"data": {"result": found}}, request=request)

    monkeypatch.setattr(httpx.Client, "get", respond)
    there = replace(one_machine.deployment(site), prometheus="http://127.0.0.1:9091")

    # then it fails until the job is there, and cannot be checked without Prometheus
    with pytest.raises(NotAsExpected, match="1 for each job"):
        checklist.targets(there)
    jobs.append("api")
    assert "api: 1" in checklist.targets(there)
    with pytest.raises(CannotCheck, match="apt-get install prometheus"):
        checklist.targets(replace(there, prometheus=""))


@pytest.mark.parametrize(
    ("name", "status", "is_expected"),
    [
        ("one machine", None, False),
        ("one machine", "unhealthy", True),
        ("compose", None, True),
        ("kubernetes", "healthy", True),
    ],
)
def test_a_triggerer_is_expected_where_deliveries_are_watched(
    name: str, status: str | None, *, is_expected: bool
) -> None:
    assert ("triggerer" in checklist.parts(name, {"triggerer": {"status": status}})) == is_expected


def test_a_failed_line_or_a_missing_picture_is_not_complete() -> None:
    held = LineResult(line(str), LineStatus.PASSED, "1")
    broken = LineResult(line(str), LineStatus.FAILED, "0")
    unchecked = LineResult(line(str), LineStatus.UNCHECKED, "no cluster")
    seen, missing = Picture("a", b"png"), Picture("a", problem="404")

    assert is_complete([held, unchecked], [seen])
    assert not is_complete([held, broken], [seen])
    assert not is_complete([held], [missing])


def test_every_language_has_every_text(site: Site) -> None:
    assert {frozenset(words) for words in WORDS.values()} == {frozenset(WORDS["en"])}
    there = replace(one_machine.deployment(site), prometheus="", grafana="")
    shown = [each.titles for each in checklist.checklist(there)]
    results = [check(each) for each in checklist.checklist(there)]
    unchecked = [result for result in results if result.status is LineStatus.UNCHECKED]
    shown += [result.reasons for result in unchecked]
    assert "allí, añada `--kubernetes`" in page(unchecked, [], "es", AT)
    shown += [view.titles for view in views.views(there)]
    assert all(set(titles) == set(LANGUAGES) for titles in shown)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opens_offline_and_escapes_outputs(language: str) -> None:
    results = [LineResult(line(str), LineStatus.FAILED, "<script>alert(1)</script>")]

    text = page(results, [Picture("Page", b"png"), Picture("No", problem="404")], language, AT)

    assert "<script" not in text
    assert "http://" not in text
    assert 'src="data:image/png;base64,' in text
    assert 'class="failed"' in text
    assert "2026-03-01 10:20 UTC" in text
    assert f'lang="{language}"' in text


def test_a_page_whose_address_is_unknown_is_missing_and_not_left_out(site: Site) -> None:
    # given a stack of which nothing runs
    there = one_machine.deployment(site)

    unknown = [view for view in views.views(there) if view.problem]

    assert {(view.titles["en"], view.titles["es"]) for view in unknown} == {
        views.GRAPH, views.RUN, views.PLOTS,
    }  # fmt: skip


def test_a_patient_without_a_split_fails_the_line(site: Site) -> None:
    there = replace(one_machine.deployment(site), query=lambda _database, _statement: "1")

    with pytest.raises(NotAsExpected, match="1\nexpected 0"):
        checklist.none_without_split(there)


def test_a_server_that_lets_everybody_in_fails_the_line(address: str) -> None:
    with pytest.raises(NotAsExpected, match="200\nexpected 401"):
        checklist.refused("GET", f"{address}/late")


class Runs:
    """Airflow with one run that failed, and then one that succeeded."""

    def runs(self, dag_id: str) -> list[DagRun]:
        """Return the runs, newest first."""
        return [DagRun(dag_id, "b", "failed", None), DagRun(dag_id, "a", "success", None)]

    def tasks(self, run: DagRun) -> list[dict[str, str]]:
        """Return the tasks of the run that succeeded."""
        assert run.run_id == "a"
        return [{"task_id": "check"}]


def test_the_newest_run_that_succeeded_and_a_log_are_shown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = one_machine.deployment(site)
    monkeypatch.setattr(views, "client", lambda _deployed: Runs())

    run, log = views.run_views(there, "secret")

    assert run.url == f"{site.airflow_url}/dags/model_training_pipeline/runs/a"
    assert log.url == f"{run.url}/tasks/check"
    assert run.token == log.token == "secret"  # noqa: S105


SLOW_SECONDS = 0.8
LATE = (
    b"<body><script>fetch('/slow').then(found => found.text())"
    b".then(text => document.body.append(text))</script>"
)
BODIES = {"/dags": b"<h1>DAGs</h1>", "/late": LATE, "/slow": b"loaded"}


class Pages(BaseHTTPRequestHandler):
    """A page for whoever has the cookie, one that loads slowly, and none at any other path."""

    def do_GET(self) -> None:
        """Respond."""
        has_cookie = "_token=secret" in (self.headers.get("Cookie") or "")
        known = self.path in BODIES and (has_cookie or self.path != "/dags")
        if self.path == "/slow":
            time.sleep(SLOW_SECONDS)
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(BODIES.get(self.path, b"<h1>nothing</h1>"))

    def log_message(self, *_args: Any) -> None:
        """Log nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """The address of a server of both pages."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_chromium_takes_the_pictures_and_prints_the_page(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a page behind Airflow's login, and one that is missing
    if not any(map(browser.shutil.which, browser.PROGRAMS)):
        lacking("Chromium", "chromium")
    monkeypatch.setattr(browser, "SETTLE", 50)
    monkeypatch.setattr(browser, "PATIENCE", 5_000)
    titles = {"en": "DAGs", "es": "DAGs"}
    html, pdf = tmp_path / "evidence.html", tmp_path / "evidence.pdf"
    # and one that shows, once a button is pressed, what the browser remembers
    html.write_text("<button onclick='document.body.append(localStorage.seen)'>Predict</button>")
    button = views.View(
        titles, html.resolve().as_uri(), storage={"seen": "before"}, press=("text=Predict",),
        shows="text=before",
    )  # fmt: skip
    wanted = [
        views.View(titles, f"{address}/dags", token="secret"),  # noqa: S106
        views.View(titles, f"{address}/nothing"),
        button,
        replace(button, shows="text=after"),
        views.View(titles, "", problem="Airflow is down"),
    ]

    # when
    with browser.chromium() as opened:
        deep = views.View(titles, f"{address}/dags/a/runs", token="secret")  # noqa: S106
        sent = browser.open_context(opened, deep, "en").cookies(f"{address}/ui/dags")
        seen, missing, pressed, never, unknown = browser.take(opened, wanted, "en")
        html.write_text(page([LineResult(line(str), LineStatus.PASSED, "1")], [seen], "en", AT))
        browser.print_pdf(opened, html, pdf)

    # then a page deep in Airflow may read the data that Airflow serves elsewhere
    assert [cookie["value"] for cookie in sent] == ["secret"]
    # and
    assert seen.png.startswith(b"\x89PNG")
    assert missing.png == b""
    assert missing.problem.endswith("/nothing returned 404")
    assert pressed.png.startswith(b"\x89PNG"), pressed.problem
    assert (never.png, never.problem[:7]) == (b"", "Locator")
    assert (unknown.png, unknown.problem) == (b"", "Airflow is down")
    assert pdf.read_bytes().startswith(b"%PDF")


def test_a_picture_is_taken_once_the_page_has_loaded(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a page that fetches what it shows, from a busy server
    if not any(map(browser.shutil.which, browser.PROGRAMS)):
        lacking("Chromium", "chromium")
    monkeypatch.setattr(browser, "SETTLE", 50)
    view = views.View({"en": "late"}, f"{address}/late")

    # when
    with browser.chromium() as opened:
        shown = browser.open_context(opened, view, "en").new_page()
        problem = browser.show(shown, view)
        text = shown.inner_text("body")

    # then
    assert (problem, text) == ("", "loaded")
