"""`readmission trace` prints what the API returns, on one page."""

from typing import Any

from api.contract.explanations.trace import Trace
from readmission.stack.cli.models.trace import page
from readmission.stack.cli.terminal import console

AT = "2026-11-29T10:00:00Z"
FOUND: dict[str, Any] = {
    "request_id": "a-request",
    "rows": 25,
    "by_class": {"NO": 20, "<30": 5},
    "predictions": [
        {
            "line": 1, "at": AT, "model_version": "3", "predicted_class": "NO",
            "probabilities": {"NO": 0.6, ">30": 0.3, "<30": 0.1},
            "encounter_hash": None, "patient_hash": "3d1f", "caller": "", "peer": "10.0.3.7",
        }
    ],
    "model": {
        "name": "diabetes_readmission", "version": "3", "run_id": "run-3", "family": "xgboost",
        "data_source": "uci", "verdict": None, "verdict_reason": None, "decided_at": None,
    },
    "run": {
        "run_id": "run-3", "batch_id": "batch-0001", "batches": 1, "rows": 10,
        "data_sha256": "9b2e", "code_sha256": "77ab", "signed_by": "1c9f",
    },
    "batches": [
        {
            "batch_id": "batch-0001", "origin": "file", "file": "stays [1].csv",
            "first_row": 0, "first_line": 1, "content_sha256": "4be1", "arrived_at": AT,
            "rows": 10, "clean": 9, "quarantined": 1,
            "gates": [{"name": "raw", "status": "warned", "report": None}],
        }
    ],
    "notes": ["the summary [of today] has 1 batch"],
}  # fmt: skip


def printed(found: dict[str, Any]) -> str:
    with console.capture() as captured:
        for part in page(Trace.model_validate(found).model_dump(mode="json")):
            console.print(part)
    return captured.get()


def test_the_page_goes_from_the_request_to_the_file() -> None:
    text = printed(FOUND)

    places = [
        text.index(part)
        for part in (
            *("a-request: 25 logged (20 NO, 5 <30)", "anonymous from 10.0.3.7", "10.0%", "3d1f"),
            *("1 of 25 rows; --line shows another one", "version 3", "run-3", "10 rows of 1"),
            *("batch-0001  stays [1].csv", "the summary [of today]"),
        )
    ]
    assert places == sorted(places)
    assert text.splitlines()[-2].split()[-1] == "warned"


def test_what_was_deleted_is_only_a_note() -> None:
    gone = FOUND | {"model": None, "run": None, "batches": [], "notes": ["version 3 is gone"]}

    assert "version 3 is gone" in printed(gone)
