"""Runs and tags that people write into MLflow do not stop what reads those of the pipeline."""

from collections.abc import Sequence

import pytest

from readmission.domain.production import Rollback
from readmission.registry.candidates import CandidateRun, newest_candidates

TRAINED = CandidateRun("run", {"batch_id": "batch-0002", "family": "xgboost"}, {"val_f1": 0.5})


@pytest.mark.parametrize(
    "tags", [{}, {"batch_id": "batch_0026"}, {"batch_id": "' or '1'='1"}, {"family": "xgboost"}]
)
def test_a_run_without_a_batch_is_not_the_newest_candidate(tags: dict[str, str]) -> None:
    # given a newer run that somebody has logged by hand
    asked: list[str] = []

    def search(condition: str, _most: int) -> Sequence[CandidateRun]:
        asked.append(condition)
        return [CandidateRun("by hand", tags, {}), TRAINED] if len(asked) == 1 else [TRAINED]

    assert newest_candidates(search) == {"xgboost": TRAINED}
    assert asked[1].endswith("tags.batch_id = 'batch-0002'")


def test_a_run_of_the_batch_without_a_family_is_left_out() -> None:
    nameless = CandidateRun("by hand", {"batch_id": "batch-0002"}, {})

    assert newest_candidates(lambda _condition, _most: [nameless, TRAINED]) == {"xgboost": TRAINED}


def test_without_a_run_of_a_batch_there_is_no_candidate() -> None:
    assert newest_candidates(lambda _condition, _most: [CandidateRun("by hand", {}, {})]) == {}


def test_a_tag_that_looks_like_a_rollback_is_ignored() -> None:
    rollback = Rollback.now("2", "1", "admin")
    by_hand = {"rolled_back yesterday": "to version 1 by me", "rolled_back ": "to version 1 by me"}

    assert Rollback.of_tags("2", rollback.tag | by_hand) == [rollback]
