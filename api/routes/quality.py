"""What the gates say of the batches: the summary that the pipeline publishes with its reports."""

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Depends, Request

from api.contract import responses
from api.dependencies import KEY_NEEDED, may_predict, refusals, serving_of
from api.errors import QualityAway
from readmission.settings import Settings

SUMMARY = "summary.json"

router = APIRouter()


@router.get(
    "/quality",
    response_model=responses.QualityResponse,
    responses=refusals(401, 429, 503),
    dependencies=[Depends(may_predict)],
    openapi_extra=KEY_NEEDED,
    summary="What the gates say of the batches",
)
async def quality(request: Request) -> dict[str, Any]:
    """Give totals, the word of each gate on each batch, the newest drift, and where to read on."""
    settings = serving_of(request).settings
    summary = await asyncio.to_thread(read_summary, settings)
    return summary | {"reports_url": settings.docs_url}


def read_summary(settings: Settings) -> dict[str, Any]:
    """Return the newest summary from the bucket of the reports.

    Raises
    ------
    QualityAway
        If no bucket is set, or it does not hand the summary out.
    """
    key, secret = settings.docs_access_key, settings.docs_secret_key
    if settings.docs_endpoint is None or key is None or secret is None:
        raise QualityAway("This service was not told where the reports are published.")
    from pyarrow import fs  # Takes a moment, and is asked for rarely.

    store = fs.S3FileSystem(
        access_key=key.get_secret_value(),
        secret_key=secret.get_secret_value(),
        endpoint_override=settings.docs_endpoint,
        region=settings.docs_region,
        connect_timeout=5,
        request_timeout=10,
    )
    try:
        with store.open_input_stream(f"{settings.docs_bucket}/{SUMMARY}") as file:
            summary: dict[str, Any] = json.loads(file.read())
    except (OSError, ValueError) as error:
        raise QualityAway(
            "The summary of the reports cannot be read; no batch may have come yet, or the"
            " object store is away."
        ) from error
    return summary
