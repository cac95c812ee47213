"""The search for the newest candidates, which the registry and the exporter share.

The registry runs it with MLflow's client. The exporter runs it over REST, because MLflow's client
would multiply its memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from readmission.domain.batch_ids import BatchId, parse_batch_id
from readmission.errors import InvalidBatchId

FINISHED = "attributes.status = 'FINISHED'"
"""Filter of every search: a failed run has no model."""
NEWEST_FIRST = ("attributes.start_time DESC",)
NEWEST_RUNS = 20
"""How many runs to search for the newest batch; runs that are not trainings have none."""
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
    """Return the runs of the newest batch with a training, one for each family.

    Parameters
    ----------
    search : callable
        Searches the experiment's runs, ordered by `NEWEST_FIRST`.
    """
    batch_id = next(filter(None, map(_batch_of, search(FINISHED, NEWEST_RUNS))), None)
    if batch_id is None:
        return MappingProxyType({})
    runs = search(f"{FINISHED} and tags.batch_id = '{batch_id}'", MOST_RUNS)
    # The newest run of a family comes first in the list, so it is inserted last.
    by_family = {run.tags["family"]: run for run in reversed(runs) if "family" in run.tags}
    return MappingProxyType(dict(sorted(by_family.items())))


def _batch_of(run: CandidateRun) -> BatchId | None:
    """Return the batch of a run, or None for a run that did not come from a training."""
    try:
        return parse_batch_id(run.tags.get("batch_id"))
    except InvalidBatchId:
        return None
