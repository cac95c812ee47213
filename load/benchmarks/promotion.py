"""How often a model that is no better would be promoted, and whether better ones are.

    .venv/bin/python -m load.benchmarks.promotion --dataset dataset_diabetes.zip --splits 10

First, the model of each batch is compared with that of the previous batch, for some splits of the
patients; the first is the pipeline's. Then pairs of models are trained on two random halves of the
same training patients: neither is better by design, so a promotion of either by the other is a
mistake. Needs no service; about three seconds for each fit and each comparison on two cores.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.progress import track

from readmission.domain import schema
from readmission.domain.cleaning import clean, eligible, outcome
from readmission.domain.production import CriterionStatus
from readmission.domain.splitting import Split, assign_splits
from readmission.modelling.decision import decide
from readmission.modelling.evaluation.criteria import (
    Criterion,
    LabelledRows,
    Predicted,
    compare,
    deciding,
    sentence,
)
from readmission.modelling.evaluation.metrics import evaluate
from readmission.modelling.evaluation.subgroups import groups_of
from readmission.modelling.fitting import fit
from readmission.modelling.model import ReadmissionModel
from readmission.pipeline import source
from readmission.settings import get_settings

FAMILY, THREADS = "xgboost", 2
SEED = 11


@dataclass(frozen=True)
class Judged:
    """A model and its predictions for the test rows.

    Parameters
    ----------
    predicted : Predicted
        Probabilities and decisions.
    metrics : dict
        Its metrics on these rows.
    """

    predicted: Predicted
    metrics: dict[str, float]


def split_batches(
    dataset: source.Dataset, size: int, batches: int, key: str
) -> Iterator[pd.DataFrame]:
    """Yield the CLEAN rows of each batch with their splits, as the pipeline assigns them."""
    known: dict[int, str] = {}
    for start in range(0, batches * size, size):
        raw = dataset.encounters.slice(start, size).to_pandas()
        keys = {
            schema.ENCOUNTER: raw[schema.ENCOUNTER].astype("int64"),
            schema.PATIENT: raw[schema.PATIENT].astype("int64"),
            schema.TARGET: outcome(raw),
            "eligible": eligible(raw),
        }
        rows = clean(raw).assign(**keys)
        patients = rows[schema.PATIENT]
        known |= assign_splits(patients, rows[schema.TARGET], known, key)
        yield rows.assign(part=patients.map(known))


def labelled_rows(rows: pd.DataFrame) -> LabelledRows:
    """Return what the criteria need to know about the test rows."""
    patients = rows[schema.PATIENT].to_numpy()
    return LabelledRows(rows[schema.TARGET].to_numpy(), patients, groups_of(rows))


def fitted(rows: pd.DataFrame) -> ReadmissionModel:
    """Fit on the train rows."""
    return fit(FAMILY, rows[rows["part"] != Split.TEST], THREADS).model


def judged(model: ReadmissionModel, test: pd.DataFrame) -> Judged:
    """Score the test rows."""
    probabilities = model.score(test)
    predicted = Predicted(probabilities, decide(probabilities, model.weights))
    return Judged(predicted, evaluate(test[schema.TARGET].to_numpy(), probabilities, model.weights))


def steps(batches: list[pd.DataFrame]) -> Iterator[tuple[str, list[Criterion]]]:
    """Yield the comparison of the model of each batch with that of the previous batch.

    The best of the models before counts too, as the best champion so far.
    """
    models: list[ReadmissionModel] = []
    for number in range(1, len(batches) + 1):
        rows = pd.concat(batches[:number], ignore_index=True)
        models.append(fitted(rows))
        if number == 1:
            continue
        test = rows[rows["part"] == Split.TEST]
        *earlier, old, new = (judged(model, test) for model in models)
        best = max([old, *earlier], key=lambda one: one.metrics["weighted_f1"])
        rival = best.predicted if best is not old else None
        found = compare(labelled_rows(test), new.predicted, old.predicted, rival, SEED)
        yield f"batch {number - 1} to {number}", found


def halves(
    rows: pd.DataFrame, random: np.random.Generator
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which rows each of two models learns from: all but the other's train patients."""
    patients = rows.loc[rows["part"] == Split.TRAIN, schema.PATIENT].unique()
    first = set(random.permutation(patients)[: len(patients) // 2].tolist())
    is_first = rows[schema.PATIENT].isin(first).to_numpy()
    is_train = (rows["part"] == Split.TRAIN).to_numpy()
    return ~is_train | is_first, ~is_train | ~is_first


def null_pairs(rows: pd.DataFrame, pairs: int) -> Iterator[tuple[list[Criterion], bool]]:
    """Yield the criteria of models that are no better by design, each pair compared both ways.

    With them comes whether the challenger has the higher weighted F1.
    """
    random = np.random.default_rng(SEED)
    test = rows[rows["part"] == Split.TEST]
    known = labelled_rows(test)
    for _ in track(range(pairs), "pairs"):
        first, second = (judged(fitted(rows[taken]), test) for taken in halves(rows, random))
        for new, old in ((first, second), (second, first)):
            found = compare(known, new.predicted, old.predicted, None, SEED)
            yield found, new.metrics["weighted_f1"] > old.metrics["weighted_f1"]


def is_promoted(found: list[Criterion]) -> bool:
    """Whether a challenger with these criteria is promoted."""
    return all(one.verdict is not CriterionStatus.FAILED for one in found)


def report_steps(splits: Iterable[list[pd.DataFrame]], console: Console) -> None:
    """Print the verdict on each step of each split, and how many were promotions."""
    verdicts = []
    for batches in splits:
        for name, found in steps(batches):
            verdicts.append(is_promoted(found))
            reason = sentence(deciding([one.to_dict() for one in found]))
            console.print(f"{name}: {'promoted' if verdicts[-1] else 'refused'}; {reason}")
    console.print(f"{len(verdicts)} steps from one batch to the next: {sum(verdicts)} promoted")


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="file of encounters")
    parser.add_argument("--size", type=int, default=15_000, help="encounters per batch")
    parser.add_argument("--batches", type=int, default=3, help="how many batches of the file")
    parser.add_argument("--splits", type=int, default=1, help="splits for the steps")
    parser.add_argument(
        "--pairs", type=int, default=20, help="pairs of models without a difference"
    )
    given = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    dataset = source.read(given.dataset)

    def split(number: int) -> list[pd.DataFrame]:
        key = get_settings().split_key + (f" {number}" if number else "")
        return list(split_batches(dataset, given.size, given.batches, key))

    report_steps(map(split, range(given.splits)), console)
    nulls = list(null_pairs(pd.concat(split(0), ignore_index=True), given.pairs))
    by_criteria = sum(is_promoted(found) for found, _ in nulls)
    by_f1 = sum(higher for _, higher in nulls)
    console.print(
        f"{len(nulls)} challengers without a difference by design: {by_criteria} promoted by the"
        f" criteria ({by_criteria / len(nulls):.1%}), {by_f1} by weighted F1 alone"
        f" ({by_f1 / len(nulls):.1%})"
    )


if __name__ == "__main__":
    main()
