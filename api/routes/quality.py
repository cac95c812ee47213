"""Each gate's result for each batch, from the summary that the pipeline publishes."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import APIRouter, Depends, Request

from api.contract import responses
from api.dependencies import KEY_REQUIRED, error_schemas, require_predict, service_state
from api.errors import QualityUnavailable
from readmission.quality import catalogue
from readmission.settings import PREFIX, Settings
from readmission.warehouse.verdicts import MARKS, NOT_RUN, Status

SUMMARY = "summary.json"
STATUSES = [
    {"name": str(name), "title": "not run" if name == NOT_RUN else str(name), "mark": mark}
    for name, mark in MARKS.items()
]
FORMER = {"pass": Status.PASSED, "warn": Status.WARNED, "fail": Status.FAILED}
"""The statuses in a summary that release 0.2.0 has published."""

router = APIRouter()


@router.get(
    "/quality",
    response_model=responses.QualityResponse,
    responses=error_schemas(401, 429, 503),
    dependencies=[Depends(require_predict)],
    openapi_extra=KEY_REQUIRED,
    summary="Each gate's result for each batch",
)
async def quality(request: Request) -> responses.QualityResponse:
    """Return totals, each gate's result for each batch, the newest drift and the reports' URL."""
    settings = service_state(request).settings
    return await asyncio.to_thread(read_summary, settings)


def _response(summary: dict[str, Any], settings: Settings) -> responses.QualityResponse:
    return responses.QualityResponse.model_validate(
        {
            **summary,
            "gates": [{"name": gate.name, "title": gate.title} for gate in catalogue.GATES],
            "statuses": STATUSES,
            "batches": [_with_all_gates(batch) for batch in summary["batches"]],
            "reports_url": settings.docs_url,
        }
    )


def _with_all_gates(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch of the summary with a status for every gate, and the gates that stopped it.

    The summary may have been published by a release with fewer gates.
    """
    gates = {gate.name: NOT_RUN for gate in catalogue.GATES} | batch["gates"]
    stopped_by = [name for name, status in gates.items() if status == Status.FAILED]
    return {**batch, "gates": gates, "stopped_by": stopped_by}


def read_summary(settings: Settings) -> responses.QualityResponse:
    """Return the newest summary from the bucket of the reports, as the response of `/quality`.

    Raises
    ------
    QualityUnavailable
        If no bucket is configured, or it holds no readable summary.
    """
    summary = fetch_summary(settings)
    return _response(summary, settings)


def fetch_summary(settings: Settings) -> dict[str, Any]:
    """Return the newest summary as it was published.

    Raises
    ------
    QualityUnavailable
        If no bucket is configured, or it holds no readable summary.
    """
    key, secret = settings.docs_access_key, settings.docs_secret_key
    if settings.docs_endpoint is None or key is None or secret is None:
        raise QualityUnavailable(
            f"No bucket of reports is configured; set {PREFIX}DOCS_ENDPOINT and its credentials."
        )
    from pyarrow import fs  # Imported lazily: it takes a moment and is rarely needed.

    store = fs.S3FileSystem(
        access_key=key.get_secret_value(),
        secret_key=secret.get_secret_value(),
        endpoint_override=settings.docs_endpoint,
        region=settings.docs_region,
        connect_timeout=5,
        request_timeout=10,
    )
    with _readable(), store.open_input_stream(f"{settings.docs_bucket}/{SUMMARY}") as file:
        summary = json.loads(file.read())
        for batch in summary["batches"]:
            batch["gates"] = {
                name: str(FORMER.get(status, status)) for name, status in batch["gates"].items()
            }
        # Another shape is an error here, and not where somebody reads it.
        _response(summary, settings)
    return dict(summary)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise QualityUnavailable(
            "The quality summary cannot be read: either no batch has arrived yet, or the object"
            " store is down."
        ) from error
