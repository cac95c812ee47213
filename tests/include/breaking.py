"""For each expectation of each gate, a batch that breaks it and as little else as possible."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from readmission.domain import schema
from readmission.domain.cleaning import parse
from readmission.domain.columns import MISSING
from readmission.domain.plausibility import PREFIX, judged
from readmission.modelling.model import PROBABILITY_COLUMNS
from readmission.quality import catalogue
from tests.include.conftest import cleaned
from tests.include.plausible import BROKEN, consistent

ROWS = 200
SOON = 20
ROW = 7
"""Position of the row that is broken when one is enough."""
SEVERAL = 5
"""How many rows are broken when single ones are tolerated."""

Frame = pd.DataFrame


@dataclass(frozen=True)
class Gate:
    """A gate's suite, rows that meet it, and how the gate reads them.

    Parameters
    ----------
    suite : callable
        Returns the gate's expectations.
    good : callable
        Returns good rows as they are stored.
    read : callable
        Turns stored rows into the rows that the expectations see.
    """

    suite: Callable[[], list[Expectation]]
    good: Callable[[], Frame]
    read: Callable[[Frame], Frame] = lambda rows: rows


@dataclass(frozen=True)
class Broken:
    """Rows that break one expectation.

    Parameters
    ----------
    rows, stored : DataFrame
        As the expectations see them, and as they are stored.
    count : int
        How many rows break the expectation; 0 if it is about all rows together.
    concerned : sequence of Expectation
        The expectations whose columns differ from the good rows.
    """

    rows: Frame
    stored: Frame
    count: int
    concerned: Sequence[Expectation]


@cache
def raw_rows() -> Frame:
    return consistent(ROWS).rename_axis("source_row").assign(earlier_batch=None)


@cache
def clean_rows() -> Frame:
    return cleaned(pa.Table.from_pandas(raw_rows()).select(list(schema.NAMES)).to_pandas())


@cache
def training_rows() -> Frame:
    rows = clean_rows()
    rows = rows[rows["part"] != "test"].reset_index(drop=True)
    return rows.assign(patient_part=rows["part"])


@cache
def predictions() -> Frame:
    probabilities = np.random.default_rng(1).dirichlet((5, 3, 1), ROWS)
    return pd.DataFrame(probabilities, columns=list(PROBABILITY_COLUMNS)).assign(
        prediction=np.array(schema.CLASSES)[probabilities.argmax(axis=1)],
        probability_sum=probabilities.sum(axis=1),
        weighted_f1=0.56,
        auroc_under_30=0.67,
    )


def missing_shares() -> dict[str, float]:
    return {
        column.name: float((raw_rows()[column.name] == MISSING).mean())
        for column in schema.COLUMNS
        if column.nullable
    }


GATES = {
    "raw": Gate(
        lambda: catalogue.RAW.expectations(missing_shares()),
        raw_rows,
        lambda rows: judged(parse(rows)),
    ),
    "clean": Gate(lambda: catalogue.CLEAN.expectations(ROWS + 2, 2), clean_rows),
    "training": Gate(catalogue.TRAINING.expectations, training_rows),
    "predictions": Gate(lambda: catalogue.PREDICTIONS.expectations(ROWS, SOON), predictions),
}


def columns_of(expectation: Expectation) -> list[str]:
    """Return the columns of an expectation; none if it is about the whole table."""
    names = ("column", "column_A", "column_B")
    return [getattr(expectation, name) for name in names if hasattr(expectation, name)]


def broken(name: str, expectation: Expectation) -> Broken:
    """Return rows that break one expectation of a gate."""
    gate = GATES[name]
    stored, count = _break(expectation, gate.good().copy(), is_text=name == "raw")
    after = gate.read(stored)
    return Broken(after, stored, count, list(_concerned(gate.suite(), _read(name), after)))


@cache
def _read(name: str) -> Frame:
    """Return a gate's good rows as its expectations see them."""
    return GATES[name].read(GATES[name].good())


def _concerned(suite: list[Expectation], before: Frame, after: Frame) -> Iterator[Expectation]:
    for expectation in suite:
        columns = columns_of(expectation)
        if not all(after[column].equals(before[column]) for column in columns) or not columns:
            yield expectation


def _break(expected: Expectation, rows: Frame, *, is_text: bool) -> tuple[Frame, int]:
    """Return the rows with some broken, and how many are."""
    column = next(iter(columns_of(expected)), "")
    match expected:
        case gxe.ExpectTableColumnsToMatchSet():
            return rows.assign(surplus="1"), 0
        case gxe.ExpectTableRowCountToBeBetween():
            return rows.head(0), 0
        case gxe.ExpectTableRowCountToEqual():
            return rows.drop(index=ROW), 0
        case gxe.ExpectColumnValuesToBeUnique():
            return _with(rows, column, rows[column].iloc[0]), 2
        case gxe.ExpectColumnValuesToBeNull():
            return _with(rows, column, "batch-0001"), 1
        case gxe.ExpectColumnValuesToNotBeNull():
            return _with(rows, column, "abc" if is_text else None), 1
        case gxe.ExpectColumnValuesToBeBetween(max_value=limit):
            return _with(rows, column, str(int(limit) + 1) if is_text else limit + 1), 1
        case gxe.ExpectColumnValuesToBeInSet() if column.startswith(PREFIX):
            values = BROKEN[column.removeprefix(PREFIX)]
            rows.loc[rows.index[:SEVERAL], list(values)] = list(values.values())
            return rows, SEVERAL
        case gxe.ExpectColumnValuesToBeInSet() if "patient_part" in rows:
            return _with(_with(rows, column, "test"), "patient_part", "test"), 1
        case gxe.ExpectColumnValuesToBeInSet(value_set=allowed):
            return _with(rows, column, 9 if isinstance(allowed[0], int) else "nonsense"), 1
        case gxe.ExpectColumnValuesToMatchRegex():
            return _with(rows, column, "<script>"), 1
        case gxe.ExpectColumnProportionOfNonNullValuesToBeBetween():
            return rows.assign(**{column: MISSING}), 0
        case gxe.ExpectColumnKLDivergenceToBeLessThan():
            return rows.assign(**{column: "train"}), 0
        case gxe.ExpectColumnPairValuesToBeEqual(column_B=other):
            return _with(rows, other, "elsewhere"), 1
        case gxe.ExpectColumnDistinctValuesToEqualSet(value_set=wanted):
            return rows[rows[column] != wanted[-1]], 0
        case gxe.ExpectColumnMaxToBeBetween(max_value=limit):
            return rows.assign(**{column: limit + 0.01}), 0
    raise AssertionError(f"add a case that breaks {expected}")


def _with(rows: Frame, column: str, value: object) -> Frame:
    """Set one column of the row at `ROW` to a value."""
    return rows.assign(**{column: rows[column].where(np.arange(len(rows)) != ROW, value)})
