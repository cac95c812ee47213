"""The experiment of a run or a logged model, which decides who may read and change it."""

from collections.abc import Callable
from threading import Lock
from types import SimpleNamespace
from typing import Any

from cachetools import LRUCache

REMEMBERED = 8_192
"""Runs and logged models whose experiment a server process remembers."""

Fetch = Callable[[str], Any]


def remember_experiments(auth: Any) -> None:
    """Let MLflow's authorization read the experiment of a run, or of a logged model, only once.

    It reads the whole run (metrics, parameters, tags, inputs and outputs in seven queries) for each
    request about one, which costs more than most of these requests. What it uses is the experiment,
    and that never changes.

    Parameters
    ----------
    auth : module
        `mlflow.server.auth`. Its `_fetch_or_none` is private, but the version is locked. If MLflow
        came to use more than the experiment, it would fail and refuse the request.
    """
    auth._fetch_or_none = remembering(auth._fetch_or_none)


def remembering(fetch_or_none: Callable[[Fetch, str], Any]) -> Callable[[Fetch, str], Any]:
    """Return the same function for other resources; runs and models have only their experiment."""
    known: LRUCache[tuple[str, str], Any] = LRUCache(REMEMBERED)
    lock = Lock()

    def fetch(read: Fetch, resource_id: str) -> Any:
        method = getattr(read, "__name__", "")
        reduce = _REDUCED.get(method)
        if reduce is None:
            return fetch_or_none(read, resource_id)
        key = method, resource_id
        with lock:
            found = known.get(key)
        # One that does not exist may be created later.
        if found is None and (whole := fetch_or_none(read, resource_id)) is not None:
            found = reduce(whole)
            with lock:
                known[key] = found
        return found

    return fetch


def _experiment_of_run(run: Any) -> SimpleNamespace:
    return SimpleNamespace(info=SimpleNamespace(experiment_id=run.info.experiment_id))


def _experiment_of_model(model: Any) -> SimpleNamespace:
    return SimpleNamespace(experiment_id=model.experiment_id)


_REDUCED = {"get_run": _experiment_of_run, "get_logged_model": _experiment_of_model}
"""What is left of a resource, by the method that reads it."""
