"""Access to a running stack: its warehouses, its reports, its API and its Airflow."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg

from readmission.domain import schema
from readmission.errors import NoModel
from readmission.stack.errors import StackError
from readmission.stack.services import airflow, object_store, postgres
from readmission.stack.services.airflow_client import AirflowClient
from readmission.stack.site.site import Site
from readmission.warehouse import CleanWarehouse, RawWarehouse
from readmission.warehouse.migrations import require_current


@contextmanager
def open_warehouses(site: Site) -> Iterator[tuple[RawWarehouse, CleanWarehouse]]:
    """Connect to the RAW and CLEAN warehouses of a running stack.

    Raises
    ------
    StackError
        If PostgreSQL is unavailable.
    DatabaseNotMigrated, DatabaseTooNew
        If the tables are older or newer than this version of the code.
    """
    with ExitStack() as connections:
        try:
            raw, clean = (
                connections.enter_context(psycopg.connect(postgres.dsn(site, name)))
                for name in ("raw", "clean")
            )
        except psycopg.OperationalError as error:
            raise StackError(
                f"PostgreSQL is unavailable: {error}; `readmission status` shows what is running"
            ) from error
        require_current(raw, "raw")
        require_current(clean, "clean")
        key = site.credentials.prediction_log_key
        yield RawWarehouse(raw, key), CleanWarehouse(clean)


def open_airflow(site: Site) -> AirflowClient:
    """Return a client for the stack's Airflow."""
    return AirflowClient(site.airflow_url, airflow.USER, site.credentials.airflow_admin)


def write_overview(site: Site, raw: RawWarehouse, clean: CleanWarehouse) -> None:
    """Update the overview pages of the reports, so that they show a new decision at once.

    Raises
    ------
    StackError
        If the object store is unavailable. The decision itself is already saved.
    """
    # Imported lazily because these modules take long to import.
    from botocore.exceptions import BotoCoreError, ClientError

    from readmission.quality.report.publishing import publish_overview

    settings, s3 = site.settings, object_store.client(site)
    try:
        publish_overview(s3, settings.docs_bucket, settings.docs_dir, raw, clean)
    except (BotoCoreError, ClientError) as error:
        raise StackError(
            "the decision is saved, but the reports do not show it yet: the object store is"
            f" unavailable ({error}); the next decision or gate updates them"
        ) from error


def predict_example(api_url: str) -> dict[str, Any]:
    """Wait until the API has loaded a model, and return its prediction for the example encounter.

    Raises
    ------
    NoModel
        If it has none after a minute.
    httpx.HTTPError
        If the API does not respond.
    """
    with httpx.Client(base_url=api_url, timeout=30, trust_env=False) as api:
        _wait_for_model(api)
        predicted: dict[str, Any] = (
            api.post("/predict", json=schema.example()).raise_for_status().json()
        )
    return predicted


def _wait_for_model(api: httpx.Client, seconds: float = 60) -> None:
    """Wait until the API has loaded its model; it may have just started."""
    deadline = time.monotonic() + seconds
    while not (health := api.get("/health").raise_for_status().json())["model_loaded"]:
        if time.monotonic() > deadline:
            failure = health["last_reload_error"] or {"message": "it is still being loaded."}
            raise NoModel(f"the API has not loaded a model: {failure['message']}")
        time.sleep(0.5)
