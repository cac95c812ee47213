"""Trace a prediction back to its model, training run, batches, gates and source file."""

import asyncio
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request

from api.contract.explanations.trace import Trace
from api.contract.predictions import by_class
from api.dependencies import (
    KEY_REQUIRED,
    ServiceState,
    audit_event,
    error_schemas,
    require_admin,
    service_state,
)
from api.errors import QualityUnavailable, log
from api.model import provenance
from api.prediction_log.delivery import CONNECTION
from api.routes.quality import fetch_summary
from readmission.logs import where
from readmission.settings import Settings
from readmission.warehouse.audit.events import Action
from readmission.warehouse.predictions.requests import LoggedRequest, LoggedRow, find
from readmission.warehouse.raw.line_numbers import line_of

ROWS = 20
"""Rows of an upload that are returned; `line` returns any other one."""
MOST_LINES = 2**31

router = APIRouter()

RequestId = Annotated[
    str,
    Path(
        description="As in the response and its header `X-Request-ID`.",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        examples=["4f8a2b7c9d1e4f60a1b2c3d4e5f60718"],
    ),
]
Line = Annotated[
    int | None,
    Query(ge=1, le=MOST_LINES, description="Only this row of an upload, counted from 1."),
]


@router.get(
    "/predictions/{request_id}",
    response_model=Trace,
    responses=error_schemas(401, 403, 404, 422, 429, 503),
    dependencies=[Depends(require_admin)],
    openapi_extra=KEY_REQUIRED,
    summary="Trace a prediction",
)
async def trace(request: Request, request_id: RequestId, line: Line = None) -> dict[str, Any]:
    """Return the logged predictions of a request, and where the model that made them comes from.

    All rows of an upload have one request id: their number and the first 20 are returned, or the
    row that `line` names. Encounters are identified by keyed hashes only, and their values are
    not returned.
    """
    state = service_state(request)
    found = await asyncio.to_thread(_logged, state.settings, request_id, line)
    state.audit.note(audit_event(request, Action.TRACE, request_id, line=line))
    version, *others = dict.fromkeys(row.model_version for row in found.rows)
    # A client sent the id twice, and the model was replaced in between.
    notes = [f"other rows were predicted by version {other}" for other in others]
    model, run = await asyncio.to_thread(_origin, state, version, notes)
    batches = await asyncio.to_thread(_batches, state.settings, run, notes) if run else []
    return {
        "request_id": request_id,
        "rows": sum(found.by_class.values()),
        "by_class": found.by_class,
        "predictions": [_row(one) for one in found.rows],
        "model": model,
        "run": run,
        "batches": batches,
        "notes": notes,
    }


def _logged(settings: Settings, request_id: str, line: int | None) -> LoggedRequest:
    if settings.prediction_log_dsn is None:
        raise HTTPException(503, "there is no log of predictions, so none can be traced")
    row = None if line is None else line - 1
    dsn = settings.prediction_log_dsn.get_secret_value()
    try:
        with psycopg.connect(dsn, **CONNECTION) as connection:
            found = find(connection, request_id, row, ROWS)
    except psycopg.Error as error:
        log.error("a prediction was not traced: %s", where(error))
        raise HTTPException(503, "the database of predictions did not respond") from None
    if found is None:
        what = f"row {line} of this request" if line else "this request id"
        raise HTTPException(
            404,
            f"the log has no prediction of {what}: check the id; the log keeps predictions for"
            f" {settings.prediction_retention_days} days, has none of patients who died or of"
            " responses with logged false, and gets new ones within seconds",
        )
    return found


def _origin(
    state: ServiceState, version: str, notes: list[str]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the version and its run; a note says which of them was deleted."""
    model = provenance.model_of(state.registry, version)
    if model is None:
        notes.append(f"version {version} is not in the registry any more")
        return None, None
    run = provenance.run_of(state.registry, model["run_id"])
    if run is None:
        notes.append(f"the training run of version {version} is not in MLflow any more")
    return model, run


def _batches(settings: Settings, run: dict[str, Any], notes: list[str]) -> Any:
    try:
        summary = fetch_summary(settings)
    except QualityUnavailable as error:
        notes.append(error.message)
        return []
    found = provenance.batches_of(summary, run["batch_id"], settings.docs_url)
    if run["batch_id"] is None:
        notes.append("the training run does not name its batches")
    elif len(found) != run["batches"]:
        notes.append(
            f"the run was trained on {run['batches']} batches up to {run['batch_id']}; the"
            f" published summary has {len(found)} accepted ones"
        )
    return found


def _row(one: LoggedRow) -> dict[str, Any]:
    probabilities = by_class((one.p_no, one.p_over_30, one.p_under_30))
    return {**vars(one), "line": line_of(one.row), "probabilities": probabilities}
