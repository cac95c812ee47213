"""Where a model version comes from: its training run, its batches and their gates."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from api.model.registry import RegistryClient
from readmission.errors import NoModel
from readmission.quality import catalogue
from readmission.serving.model import RegisteredVersion
from readmission.warehouse.raw.line_numbers import line_of
from readmission.warehouse.verdicts import NOT_RUN

Summary = Mapping[str, Any]
"""The published summary of the gates, see `readmission.quality.report.summary`."""

_MODEL = ("family", "data_source", "verdict", "verdict_reason", "decided_at")
_RUN = ("batch_id", "data_sha256", "code_sha256", "signed_by")
_COUNTS = ("batches", "rows")
_BATCH = ("origin", "file", "first_row", "content_sha256", "arrived_at")


def model_of(registry: RegistryClient, version: str) -> dict[str, Any] | None:
    """Return a registered version, or None if it was deleted.

    Raises
    ------
    RegistryUnavailable
        If MLflow does not respond.
    """
    try:
        found: RegisteredVersion = registry.version(version)
    except NoModel:
        return None
    described = {name: found.tags.get(name) for name in _MODEL}
    return {"name": found.name, "version": found.version, "run_id": found.run_id, **described}


def run_of(registry: RegistryClient, run_id: str) -> dict[str, Any] | None:
    """Return a training run, or None if it was deleted.

    Raises
    ------
    RegistryUnavailable
        If MLflow does not respond.
    """
    tags = registry.query(lambda mlflow: mlflow.run_tags(run_id))
    if tags is None:
        return None
    counts = {name: int(tags[name]) if tags.get(name, "").isdigit() else None for name in _COUNTS}
    return {"run_id": run_id, **{name: tags.get(name) for name in _RUN}, **counts}


def batches_of(
    summary: Summary, newest: str | None, reports_url: str | None
) -> Sequence[dict[str, Any]]:
    """Return the accepted batches up to a batch, in order of arrival, with their gates.

    Parameters
    ----------
    summary : mapping
        The published summary; its batches are ordered, the newest first.
    newest : str, optional
        The newest batch that a model was trained on.
    reports_url : str, optional
        Address of the overview of the reports.
    """
    in_order = list(summary["batches"])[::-1]
    names = [batch["batch_id"] for batch in in_order]
    if newest not in names:
        return []
    until = in_order[: names.index(newest) + 1]
    # A summary of 0.2.0 does not say which batches were accepted.
    accepted = [batch for batch in until if batch.get("accepted", batch["clean"] > 0)]
    return [_batch(batch, reports_url) for batch in accepted]


def _batch(batch: Mapping[str, Any], reports_url: str | None) -> dict[str, Any]:
    reports = batch.get("reports", {})
    gates = [
        {
            "name": gate.name,
            "status": batch["gates"].get(gate.name, NOT_RUN),
            "report": urljoin(reports_url or "", reports[gate.name])
            if gate.name in reports
            else None,
        }
        for gate in catalogue.GATES
    ]
    counts = {name: batch[name] for name in ("batch_id", "rows", "clean", "quarantined")}
    first_row = batch.get("first_row")
    first_line = None if first_row is None else line_of(first_row)
    described = {name: batch.get(name) for name in _BATCH}
    return {**counts, **described, "first_line": first_line, "gates": gates}
