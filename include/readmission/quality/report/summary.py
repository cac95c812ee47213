"""The overview as a small JSON file for programs; it is published beside the report pages."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from readmission.domain.drift import Level
from readmission.quality import catalogue
from readmission.quality.report.keys import SUMMARY
from readmission.quality.report.overview import BatchQuality, Overview

FILE = SUMMARY


def summarise(overview: Overview, now: datetime | None = None) -> str:
    """Return totals, the status of each batch at each gate, and the newest drift, as JSON.

    The summary contains no row and no value of a patient.

    Parameters
    ----------
    overview : Overview
        The overview to summarise.
    now : datetime, optional
        When the overview was gathered.
    """
    account = overview.account
    return json.dumps(
        {
            "published_at": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
            "rows": {
                "raw": account.arrived,
                "clean": account.clean,
                "quarantined": account.quarantined,
                "waived": account.waived,
                "rejected": account.rejected,
                "on_the_way": account.in_progress,
                "repeated": account.repeated,
                "superseded": account.superseded,
                "erased": account.erased,
            }
            if account
            else None,
            "lost": overview.lost,
            "batches": [_batch(batch) for batch in overview.batches],
            "drift": _newest_drift(overview),
        },
        indent=1,
    )


def _batch(batch: BatchQuality) -> Mapping[str, Any]:
    return {
        "batch_id": batch.raw.batch_id,
        "number": batch.raw.number,
        "accepted": batch.is_accepted,
        "origin": batch.raw.origin,
        "file": batch.file,
        "first_row": batch.raw.source_offset,
        "content_sha256": batch.raw.content_sha256,
        "arrived_at": batch.raw.created_at.isoformat(timespec="seconds"),
        "rows": batch.raw.rows,
        "clean": batch.clean_rows,
        "quarantined": batch.raw.quarantined_rows,
        "repeated": batch.raw.repeated_rows,
        "gates": {gate.name: batch.status(gate.name) for gate in catalogue.GATES},
        "acknowledged": {name: batch.known(name) for name in batch.verdicts},
        "reports": {name: verdict.report for name, verdict in batch.verdicts.items()},
    }


def _newest_drift(overview: Overview) -> list[Mapping[str, Any]]:
    if overview.drift.empty:
        return []
    batch_id = overview.drift.columns[-1]
    newest = overview.drift[batch_id].dropna().sort_values(ascending=False)
    return [
        {"batch_id": batch_id, "column": column, "psi": float(psi), "level": Level.of(psi)}
        for column, psi in newest.items()
    ]
