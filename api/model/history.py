"""The history of models: versions with verdicts, and the last candidates."""

from collections.abc import Mapping
from typing import Any

from api.model.registry import RegistryClient
from readmission.domain.production import CRITERION, CriterionStatus
from readmission.modelling.families import title_of

_TEST = "test_"
_TAGS = ("batch_id", "family", "data_source", "verdict", "verdict_reason", "decided_at")


def test_metrics(tags: Mapping[str, str]) -> dict[str, float]:
    """Return the metrics on test patients that the promotion stored as tags."""
    return {
        name.removeprefix(_TEST): float(value)
        for name, value in tags.items()
        if name.startswith(_TEST)
    }


def criteria(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the criteria of a verdict, which promotion stored as tags."""
    found = (
        (name.removeprefix(CRITERION), *value.partition(": ")[::2])
        for name, value in sorted(tags.items())
        if name.startswith(CRITERION)
    )
    return [
        {"name": name, "verdict": verdict, "sentence": sentence}
        for name, verdict, sentence in found
        if verdict in set(CriterionStatus)
    ]


def read(registry: RegistryClient) -> dict[str, Any]:
    """Return all versions, newest first, and the candidates of the newest batch.

    Raises
    ------
    RegistryUnavailable
        If MLflow does not respond.
    """
    versions = [_version(found) for found in registry.query(lambda mlflow: mlflow.versions())]
    production = registry.query(lambda mlflow: mlflow.production())
    for version in versions:
        version["manual"] = production.moved and version["version"] == production.aliased
    by_run = {found["run_id"]: found["version"] for found in versions}
    candidates = [
        candidate
        | {
            "title": title_of(candidate["family"]),
            "registered_version": by_run.get(candidate["run_id"]),
        }
        for candidate in registry.query(lambda mlflow: mlflow.newest_candidates())
    ]
    return {"versions": versions, "candidates": candidates}


def _version(found: Mapping[str, Any]) -> dict[str, Any]:
    tags = found["tags"]
    return {
        "version": found["version"],
        "run_id": found["run_id"],
        "aliases": found["aliases"],
        "test": test_metrics(tags),
        "criteria": criteria(tags),
        "title": title_of(tags["family"]) if "family" in tags else None,
        **{name: tags.get(name) for name in _TAGS},
    }
