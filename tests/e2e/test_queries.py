"""Every panel of every dashboard finds data in the Prometheus of a running stack."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pandas as pd
import pytest

from grafana.source.__main__ import FOLDER
from grafana.source.pictures.dashboard_json import panels, targets, variable_combinations
from grafana.source.pictures.prometheus import Prometheus
from readmission.domain import schema
from readmission.domain.schema import example
from readmission.registry import PRODUCTION
from readmission.stack.site.ports import HOST
from readmission.warehouse import RawWarehouse
from tests.e2e.pipeline import PATIENCE, Pipeline

BATCH = 1_500
FILE_ROWS = 600
"""More than the requests without which their drift is not measured."""
REQUESTS = 20
"""Predictions in one round of traffic."""
SCRAPED = 180
"""Seconds after which every scrape and every recording rule has run a few times."""
LOOKING_BACK = 3_600

pytestmark = pytest.mark.timeout(3 * PATIENCE)

PanelQuery = tuple[str, str]
"""The dashboard and panel of a query, and the query."""


@pytest.fixture(scope="module")
def watched(pipeline: Pipeline) -> Pipeline:
    """Given a stack with a model, and predictions whose outcomes arrived later."""
    if pipeline.registry.version_of(PRODUCTION) is None:
        bring_one_batch(pipeline)
    with service(pipeline) as api:
        predict_rows(api, pipeline.supply.iloc[pipeline.delivered :])
    bring_one_batch(pipeline)
    return pipeline


def bring_one_batch(pipeline: Pipeline) -> None:
    pipeline.deliver(BATCH)
    assert pipeline.ingest(BATCH).state == "success"
    with pipeline.connected("raw") as raw:
        newest = RawWarehouse(raw).batches()[-1]
    assert pipeline.judged(newest.batch_id)


@contextmanager
def service(pipeline: Pipeline) -> Iterator[httpx.Client]:
    """Open a client of the API with the admin key."""
    site = pipeline.stack.site
    admin = {"X-API-Key": site.credentials.api_admin_key}
    url = site.settings.api_url
    with httpx.Client(base_url=url, headers=admin, trust_env=False, timeout=60) as api:
        yield api


@contextmanager
def prometheus(pipeline: Pipeline) -> Iterator[Prometheus]:
    port = pipeline.stack.site.settings.prometheus_port
    password = pipeline.stack.site.credentials.prometheus
    with Prometheus(f"http://{HOST}:{port}", password) as client:
        yield client


def predict_rows(api: httpx.Client, rows: pd.DataFrame) -> None:
    """Send the first rows as a file, without their outcomes."""
    file = rows.head(FILE_ROWS).drop(columns=schema.TARGET).to_csv(index=False)
    answer = api.post("/predict/batch", content=file, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200, answer.text


def traffic(api: httpx.Client) -> None:
    """Send predictions, one invalid request and one reload."""
    for _ in range(REQUESTS):
        assert api.post("/predict", json=example()).status_code == 200
    assert api.post("/predict", json={"age": "old"}).status_code == 422
    assert api.post("/reload_model").status_code == 200


def panel_queries(client: Prometheus) -> set[PanelQuery]:
    """Return every query of every panel, for every choice of the dashboard's variables."""
    found = set()
    for path in sorted(FOLDER.glob("*.json")):
        board = json.loads(path.read_text())
        for variables in variable_combinations(board, client):
            for panel in panels(board):
                where = f"{path.stem}: {panel['title']}"
                found |= {(where, target.expr) for target in targets(panel, variables)}
    return found


def is_off(query: str) -> bool:
    """Whether a query is about the challenger in shadow, which is off by default."""
    return "shadow_" in query or 'against!=""' in query


def has_data(client: Prometheus, query: str) -> bool:
    """Whether a query returns a finite number; dividing by zero gives NaN."""
    return any(math.isfinite(value) for _, value in client.query(query))


def test_every_query_of_every_panel_finds_data(watched: Pipeline) -> None:
    every: set[PanelQuery] = set()
    found: set[PanelQuery] = set()
    deadline = time.monotonic() + SCRAPED
    with prometheus(watched) as client, service(watched) as api:
        # Includes patients of the test split, so that the current model has outcomes to show.
        predict_rows(api, watched.supply)
        while time.monotonic() < deadline:
            traffic(api)
            time.sleep(5)
            every = {one for one in panel_queries(client) if not is_off(one[1])}
            found |= {one for one in every - found if has_data(client, one[1])}
            if every and every <= found:
                break

    silent = every - found
    boards = {where.split(":")[0] for where, _ in every}
    assert boards == {path.stem for path in FOLDER.glob("*.json")}, (
        "a dashboard's variable has no values"
    )
    assert not silent, "no data:\n" + "\n".join(f"{where}\n  {query}" for where, query in silent)


def test_a_change_of_the_model_is_annotated_on_every_dashboard(watched: Pipeline) -> None:
    end = time.time()
    with prometheus(watched) as client:
        for path in FOLDER.glob("*.json"):
            (mark,) = json.loads(path.read_text())["annotations"]["list"]
            found = client.query_range(mark["expr"], end - LOOKING_BACK, end, step=15)
            assert found, f"{path.stem}: {mark['expr']}"


def test_prometheus_scrapes_every_job_and_no_rule_fails(watched: Pipeline) -> None:
    with prometheus(watched) as client:
        reached = {series["job"]: value for series, value in client.query("avg by (job) (up)")}
        failing = client.query("sum(prometheus_rule_evaluation_failures_total) > 0")

    assert reached == dict.fromkeys(("api", "airflow", "pipeline", "prometheus"), 1.0)
    assert failing == []
