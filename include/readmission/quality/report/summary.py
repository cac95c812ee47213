"""The overview in a few figures, for programs: a file beside the pages that people read."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from readmission.domain.drift import Level
from readmission.quality.report.overview import GATES, BatchLine, Overview

FILE = "summary.json"


def summarise(overview: Overview, now: datetime | None = None) -> str:
    """Return totals, the word of each gate on each batch, and the newest drift, as JSON.

    No row and no value of a patient is in it.

    Parameters
    ----------
    overview : Overview
        What is shown.
    now : datetime, optional
        When it was gathered.
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
                "on_the_way": account.on_the_way,
            }
            if account
            else None,
            "lost": overview.lost,
            "batches": [_batch(line) for line in overview.lines],
            "drift": _newest_drift(overview),
        },
        indent=1,
    )


def _batch(line: BatchLine) -> Mapping[str, Any]:
    return {
        "batch_id": line.raw.batch_id,
        "rows": line.raw.rows,
        "clean": line.clean_rows,
        "quarantined": line.raw.quarantined_rows,
        "gates": {gate: line.outcomes.get(gate, "none") for gate in GATES},
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
