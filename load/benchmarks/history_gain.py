"""What a model gains from earlier stays, and what they cost callers who do not know them.

    .venv/bin/python -m load.benchmarks.history_gain --dataset dataset_diabetes.zip

For some splits of the patients, a family is fitted without the fields of earlier stays and with
them, and predicts the test rows of the whole file with and without them. It prints the mean of
each figure over the splits, and of its difference to the model without the fields, with 95 %
intervals of a bootstrap over the patients of each split. Needs no service; with XGBoost, a split
takes a minute.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table

from load.benchmarks.promotion import split_batches
from readmission.domain import schema
from readmission.domain.columns import earlier_stays
from readmission.domain.columns.history import CLEAN_COLUMNS, Stay, history_of
from readmission.domain.splitting import Split
from readmission.modelling.evaluation.metrics import evaluate
from readmission.modelling.families import FAMILIES
from readmission.modelling.fitting import fit
from readmission.pipeline import source
from readmission.settings import get_settings

SIZE, BATCHES, THREADS = 15_000, 7, 2
FIGURES = (
    "weighted_f1",
    "log_loss",
    "auroc_under_30",
    "calibration_error_under_30",
    "recall_top_20",
)
PLAIN, BLANK, KNOWN = "without fields", "fields, blank rows", "fields, with history"
SEED = 12
Drawn = npt.NDArray[np.float64]


def rows_with_history(dataset: source.Dataset, key: str) -> pd.DataFrame:
    """Return the CLEAN rows of the file with their splits and the fields of earlier stays."""
    batches = split_batches(dataset, SIZE, BATCHES, key)
    rows = pd.concat(
        [batch.assign(batch=number) for number, batch in enumerate(batches, 1)], ignore_index=True
    )
    known: dict[int, list[Stay]] = defaultdict(list)
    for row in rows.to_dict("records"):
        known[row[schema.PATIENT]].append(
            Stay(
                encounter=row[schema.ENCOUNTER],
                batch=row["batch"],
                **{name: row[column] for name, column in CLEAN_COLUMNS.items()},
                followed_soon=row[schema.TARGET] == schema.CLASSES.index("<30"),
            )
        )
    keys = zip(rows[schema.PATIENT], rows[schema.ENCOUNTER], rows["batch"], strict=True)
    fields = [history_of(known[patient], *one).fields() for patient, *one in keys]
    return rows.join(pd.DataFrame(fields, columns=list(earlier_stays.NAMES)))


def drawn_rows(test: pd.DataFrame, draws: int) -> Iterator[npt.NDArray[np.intp]]:
    """Yield all test rows, and then the rows of patients drawn with replacement."""
    yield np.arange(len(test))
    random = np.random.default_rng(SEED)
    patient, patients = pd.factorize(test[schema.PATIENT])
    for _ in range(draws):
        drawn = random.integers(0, len(patients), len(patients))
        yield np.repeat(np.arange(len(test)), np.bincount(drawn, minlength=len(patients))[patient])


def measured(family: str, rows: pd.DataFrame, draws: int) -> dict[str, Drawn]:
    """Return the figures of each kind on all test rows and on each draw, (1 + draws, figures)."""
    trained, test = rows[rows["part"] != Split.TEST], rows[rows["part"] == Split.TEST]
    blank = test.drop(columns=list(earlier_stays.NAMES))
    plain = fit(family, trained.drop(columns=list(earlier_stays.NAMES)), THREADS).model
    model = fit(family, trained, THREADS).model
    outcomes = test[schema.TARGET].to_numpy()
    found = {}
    for kind, used, given in ((PLAIN, plain, blank), (BLANK, model, blank), (KNOWN, model, test)):
        probabilities = used.score(given)
        metrics = [
            evaluate(outcomes[taken], probabilities[taken], used.weights)
            for taken in drawn_rows(test, draws)
        ]
        found[kind] = np.array([[one[name] for name in FIGURES] for one in metrics])
    return found


def report(splits: Sequence[Mapping[str, Drawn]], console: Console) -> None:
    """Print means over the splits, and differences to the model without the fields."""
    table = Table("training", "figure", "mean", "95 % interval", "difference", "95 % interval")
    means = {kind: np.mean([split[kind] for split in splits], axis=0) for kind in splits[0]}
    for kind, drawn in means.items():
        for place, name in enumerate(FIGURES):
            values, changes = drawn[:, place], drawn[:, place] - means[PLAIN][:, place]
            cells = (f"{values[0]:.4f}", interval(values), f"{changes[0]:+.4f}", interval(changes))
            table.add_row(kind, name, *(cells if kind != PLAIN else cells[:2]))
    console.print(table)


def interval(values: Drawn) -> str:
    """Return the interval of the draws; the first value is that of all rows."""
    return "{:.4f} to {:.4f}".format(*np.quantile(values[1:], (0.025, 0.975)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="file of encounters")
    parser.add_argument("--family", choices=list(FAMILIES), default="xgboost")
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--draws", type=int, default=300, help="draws of each bootstrap")
    given = parser.parse_args()
    console, dataset = Console(), source.read(given.dataset)
    keys = [get_settings().split_key + (f" {n}" if n else "") for n in range(given.splits)]
    splits = [
        measured(given.family, rows_with_history(dataset, key), given.draws)
        for key in track(keys, "splits", console=console)
    ]
    report(splits, console)


if __name__ == "__main__":
    main()
