"""The app in front of a real API, with a small real model of each family."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from functools import cache
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from api.prediction_log.live import REREAD_SECONDS
from readmission.modelling.mlflow_runs import Lineage, log_fit
from readmission.quality.report import summary
from readmission.registry import Registry
from readmission.settings import CHECKOUT, PREFIX, get_settings
from readmission.stack.services import object_store
from readmission.stack.site.ports import free_ports
from readmission.warehouse.predictions import live_figures
from readmission.warehouse.predictions.live_figures import LiveFigure
from tests.api.models import ROWS, put_into_production, small_fit
from tests.api.serving import Service, running, wait_for
from tests.conftest import Platform
from tests.databases import emptied
from tests.signing import SIGNER
from tests.ui.pages import PREDICT, Opened, switch_to

ADMIN_KEY = secrets.token_urlsafe(32)
PREDICT_KEY = secrets.token_urlsafe(32)
KEYS = ",".join(
    f"{role}:{hashlib.sha256(key.encode()).hexdigest()}"
    for role, key in (("admin", ADMIN_KEY), ("predict", PREDICT_KEY))
)
NEWEST = "batch-0002"
DECIDED_AT = "2026-03-01T09:15:42+00:00"
"""When the second version was promoted."""
REPORTS = "http://127.0.0.1:8080/data-quality/index.html"
SUMMARY: dict[str, Any] = {
    "published_at": "2026-03-01T10:20:30+00:00",
    "rows": {
        "raw": 30_000, "clean": 29_990, "quarantined": 7, "waived": 3, "rejected": 0,
        "on_the_way": 0,
    },
    "lost": "",
    "batches": [
        {
            "batch_id": "batch-0002", "rows": 15_000, "clean": 14_993, "quarantined": 7,
            "gates": {
                "raw": "warned", "clean": "passed", "training": "failed", "predictions": "none",
            },
        },
        {
            "batch_id": "batch-0001", "rows": 15_000, "clean": 14_997, "quarantined": 3,
            "gates": dict.fromkeys(("raw", "clean", "training", "predictions"), "passed"),
        },
    ],
    "drift": [
        {"batch_id": "batch-0002", "column": "payer_code", "psi": 1.25, "level": "strong"},
        {"batch_id": "batch-0002", "column": "age", "psi": 0.02, "level": "none"},
    ],
}  # fmt: skip
"""The summary that the pipeline publishes after two batches."""


CRITERIA = {
    "criterion_log_loss": "passed: difference in log-loss -0.0126, limit: upper end below 0",
    "criterion_weighted_f1": "failed: difference in weighted F1 -0.0210, limit: at least -0.005",
    "criterion_by_hand": "a note",
}
"""Tags of the second version; a person has written one of them."""


LIVE = (
    LiveFigure("2", "", "", "", "outcomes", 1_412),
    LiveFigure("2", "", "", "", "under_30", 155),
    LiveFigure("2", "", "", "", "weighted_f1", 0.531, 0.504, 0.559),
    LiveFigure("2", "", "", "", "auroc_under_30", 0.643, 0.601, 0.688),
    LiveFigure("2", "", "", "", "calibration_gap_under_30", 0.012, -0.004, 0.028),
    LiveFigure("2", "", "gender", "Female", "outcomes", 1_371),
    LiveFigure("2", "", "gender", "Female", "under_30", 150),
    LiveFigure("2", "", "gender", "Female", "auroc_under_30", 0.645, 0.602, 0.69),
    LiveFigure("2", "", "gender", "Male", "outcomes", 41),
    LiveFigure("2", "", "gender", "Male", "under_30", 5),
    LiveFigure("1", "", "", "", "outcomes", 1),
    LiveFigure("1", "", "", "", "under_30", 0),
    LiveFigure("1", "2", "", "", "outcomes", 1_000),
    LiveFigure("1", "2", "", "", "agreed", 870),
    LiveFigure("1", "2", "", "", "log_loss", 0.0213, 0.0101, 0.0322),
)
"""Figures on live outcomes: of the champion, of version 1, and of version 1 in its shadow."""


@pytest.fixture
def live_outcomes(platform: Platform, api: Service) -> Iterator[None]:
    """Figures on live outcomes in the database of predictions, until the test ends."""
    with emptied(platform.predictions_dsn) as connection:
        live_figures.replace(connection, LIVE)
        wait_for_figures(api, len(LIVE))
        yield
        live_figures.replace(connection, ())
        wait_for_figures(api, 0)


def wait_for_figures(api: Service, count: int) -> None:
    """Wait until the API, which reads them every few seconds, returns so many live figures."""
    deadline = monotonic() + 10 * REREAD_SECONDS
    while monotonic() < deadline:
        found = httpx.get(f"{api.url}/model/live", trust_env=False).raise_for_status().json()
        if len(found["figures"]) == count:
            return
        sleep(0.2)
    raise AssertionError(f"{len(found['figures'])} figures instead of {count}")


@pytest.fixture(scope="session")
def model_settings(platform: Platform) -> dict[str, str]:
    """Settings of a model with two promoted versions and the candidates of the second batch."""
    name = "web_app"
    settings = platform.settings.model_copy(update={"model_name": name, "experiment": name})
    registry = Registry(settings)
    linear = small_fit()
    first = put_into_production(settings, linear, "batch-0001")
    for candidate in (linear, small_fit("random_forest")):
        lineage = Lineage(NEWEST, 2, ROWS, "sha-of-all", "synthetic")
        log_fit(candidate, lineage, registry.experiment_id(), {}, SIGNER)
    second = put_into_production(settings, small_fit("xgboost"), NEWEST)
    for version, family, f1, auroc, reason, time in (
        (first, "logistic_regression", 0.52, 0.64, "first model", "2026-02-01T08:00:00+00:00"),
        (second, "xgboost", 0.55, 0.66, "better: 0.55", DECIDED_AT),
    ):
        tags = {"verdict": "promoted", "verdict_reason": reason, "decided_at": time}
        metrics = {"test_weighted_f1": f1, "test_auroc_under_30": auroc}
        registry.tag_version(version, tags | {"family": family} | metrics)
    registry.tag_version(second, CRITERIA)
    return {"MODEL_NAME": name, "EXPERIMENT": name}


@pytest.fixture(scope="session")
def api(
    platform: Platform, model_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The API as in the local stack: predictions need no key, everything else does."""
    credentials = platform.site.credentials
    reports = {
        "DOCS_ENDPOINT": platform.s3_endpoint,
        "DOCS_ACCESS_KEY": credentials.docs_access_key,
        "DOCS_SECRET_KEY": credentials.docs_secret_key,
        "DOCS_URL": REPORTS,
    }
    log = tmp_path_factory.mktemp("api") / "log"
    predictions = {
        "PREDICTION_LOG_DSN": platform.predictions_dsn,
        "PREDICTION_LOG_KEY": credentials.prediction_log_key,
        "PREDICTION_SPOOL_DIR": str(log.parent / "spool"),
    }
    keys = {"API_ANONYMOUS_ROLE": "predict", "API_KEYS": KEYS}
    settings = {**model_settings, **reports, **predictions, **keys}
    with running(log, mlflow_uri=platform.mlflow_uri, settings=settings) as service:
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        yield service


@pytest.fixture(scope="session")
def api_without_model(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The API without a model, because none was promoted yet."""
    log = tmp_path_factory.mktemp("api") / "log"
    settings = {"MODEL_NAME": "never_promoted"}
    with running(log, mlflow_uri=platform.mlflow_uri, settings=settings) as service:
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        yield service


@pytest.fixture(scope="session")
def api_without_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The API without a model, because the registry cannot be reached."""
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    with running(tmp_path_factory.mktemp("api") / "log", mlflow_uri=nowhere) as service:
        httpx.post(f"{service.url}/reload_model", trust_env=False, timeout=60)
        yield service


@pytest.fixture(scope="session")
def locked_api(
    platform: Platform, model_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    """The API with keys for every request."""
    settings = {**model_settings, "API_ANONYMOUS_ROLE": "none", "API_KEYS": KEYS}
    log = tmp_path_factory.mktemp("api") / "log"
    with running(log, mlflow_uri=platform.mlflow_uri, settings=settings) as service:
        wait_for(f"{service.url}/ready", 200, service.process, service.log)
        yield service


@pytest.fixture
def publish(platform: Platform) -> Callable[..., None]:
    """Publish a summary of the reports, as the pipeline does."""

    def put(**changes: object) -> None:
        object_store.client(platform.site).put_object(
            Bucket=platform.settings.docs_bucket,
            Key=summary.FILE,
            Body=json.dumps(SUMMARY | changes).encode(),
        )

    return put


@pytest.fixture
def point_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Set the address of the API and the key of the app."""

    def point(url: str, key: str | None = None) -> None:
        monkeypatch.setenv(f"{PREFIX}API_URL", url)
        if key:
            monkeypatch.setenv(f"{PREFIX}API_KEY", key)
        get_settings.cache_clear()

    yield point
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def scanned_once() -> Iterator[None]:
    """Streamlit looks for components in all installed packages whenever a page is opened."""
    with pytest.MonkeyPatch.context() as patch:
        scan = manifest_scanner.scan_component_manifests
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(scan))
        yield


@pytest.fixture
def opened(scanned_once: None, point_at: Callable[..., None]) -> Opened:
    """Open a page of the app, given the address of the API."""

    def open_(url: str, view: str = PREDICT, **query: str) -> AppTest:
        point_at(url)
        page = AppTest.from_file(str(CHECKOUT / "ui" / "app.py"), default_timeout=120)
        page.query_params = query
        page.run()
        assert not page.exception
        return page if view == PREDICT else switch_to(page, view)

    return open_
