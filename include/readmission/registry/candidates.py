"""The search for the newest candidates, which the registry and the exporter share.

The registry runs it with MLflow's client. The exporter runs it over REST, because MLflow's client
would multiply its memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

FINISHED = "attributes.status = 'FINISHED'"
"""Filter of every search: a failed run has no model."""
NEWEST_FIRST = ("attributes.start_time DESC",)
MOST_RUNS = 1000
"""More runs than a batch can have: one for each family and repeated training."""


@dataclass(frozen=True)
class CandidateRun:
    """A finished training run.

    Parameters
    ----------
    run_id : str
        MLflow's id of the run.
    tags : mapping of str to str
        Among them ``batch_id`` and ``family``.
    metrics : mapping of str to float
        What the run logged.
    """

    run_id: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]


Search = Callable[[str, int], Sequence[CandidateRun]]
"""Returns the newest runs of the experiment that match a filter, at most this many."""


def newest_candidates(search: Search) -> Mapping[str, CandidateRun]:
    """Return the runs of the batch that was trained on last, one for each family.

    Parameters
    ----------
    search : callable
        Searches the experiment's runs, ordered by `NEWEST_FIRST`.
    """
    newest = search(FINISHED, 1)
    if not newest:
        return MappingProxyType({})
    batch_id = newest[0].tags["batch_id"]
    runs = search(f"{FINISHED} and tags.batch_id = '{batch_id}'", MOST_RUNS)
    # The newest run of a family comes first in the list, so it is inserted last.
    by_family = {run.tags["family"]: run for run in reversed(runs)}
    return MappingProxyType(dict(sorted(by_family.items())))
