"""Which models there were: versions with their verdicts, and the last candidates."""

from collections.abc import Mapping
from typing import Any

from api.model.store import RegistryStore

_TEST = "test_"


def test_figures(tags: Mapping[str, str]) -> dict[str, float]:
    """Return the figures on test patients that a promotion wrote as tags."""
    return {
        name.removeprefix(_TEST): float(value)
        for name, value in tags.items()
        if name.startswith(_TEST)
    }


def read(store: RegistryStore) -> dict[str, Any]:
    """Return all versions, the newest first, and the candidates of the newest batch.

    Raises
    ------
    RegistryAway
        If MLflow does not answer.
    """
    versions = [_version(found) for found in store.ask(lambda registry: registry.versions())]
    by_run = {found["run_id"]: found["version"] for found in versions}
    candidates = [
        candidate | {"registered_version": by_run.get(candidate["run_id"])}
        for candidate in store.ask(lambda registry: registry.newest_candidates())
    ]
    return {"versions": versions, "candidates": candidates}


def _version(found: Mapping[str, Any]) -> dict[str, Any]:
    tags = found["tags"]
    told = ("batch_id", "family", "data_source", "verdict", "verdict_reason", "decided_at")
    return {
        "version": found["version"],
        "run_id": found["run_id"],
        "aliases": found["aliases"],
        "test": test_figures(tags),
        **{name: tags.get(name) for name in told},
    }
