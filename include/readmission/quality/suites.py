"""The suite of each gate, derived from the schema."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from readmission.domain import schema
from readmission.domain.columns import Column
from readmission.domain.plausibility import PREFIX, RULES, TOLERATED
from readmission.domain.splitting import DRAWN_BELOW, SHARES, Split
from readmission.quality.checkpoint import ADVICE, ROW_SCOPE

SHARES_NEED_ROWS = DRAWN_BELOW
"""Smallest batch whose shares are checked, because a replay may have a single row."""

SHARE_DIVERGENCE = 0.005
"""Kullback-Leibler divergence from 70/15/15 above which the gate warns: 3.5 points."""

LEAK_WEIGHTED_F1 = 0.60
LEAK_AUROC = 0.75
"""A model with higher scores probably uses information that is not available at discharge."""

MISSING_MARGIN = 0.15
"""How far the share of missing values may differ from the previous batch before the gate warns."""


def raw_suite(missing_before: Mapping[str, float] | None = None) -> list[Expectation]:
    """Return the suite of a RAW batch: columns, repeated encounters, plausibility, missing values.

    Parameters
    ----------
    missing_before : mapping of str to float, optional
        Each column's share of missing values in the previous accepted batch, 0 to 1.
    """
    suite: list[Expectation] = [
        gxe.ExpectTableColumnsToMatchSet(
            column_set=["source_row", *schema.NAMES, "earlier_batch", *_PLAUSIBILITY],
            severity="critical",
            notes="exactly the columns of the UCI file",
        ),
        gxe.ExpectTableRowCountToBeBetween(
            min_value=1, severity="critical", notes="a batch has at least one encounter"
        ),
        _row_scoped(
            gxe.ExpectColumnValuesToBeUnique,
            schema.ENCOUNTER,
            "each encounter occurs once in a batch",
        ),
        _warning(
            gxe.ExpectColumnValuesToBeNull,
            "no row waits as a correction of an earlier batch",
            "accept or reject each one with `readmission corrections`",
            column="earlier_batch",
        ),
    ]
    suite += [e for column in schema.COLUMNS for e in _contract(column)]
    return suite + _plausible() + _missing_as_before(missing_before or {})


_PLAUSIBILITY = tuple(PREFIX + sentence for sentence in RULES)


def _plausible() -> list[Expectation]:
    return [
        _warning(
            gxe.ExpectColumnValuesToBeInSet,
            f"true of at most {TOLERATED:.1%} of the rows",
            "ask the source which of the two fields is right; no row is changed or left out",
            column=name,
            value_set=[False],
            mostly=1 - TOLERATED,
        )
        for name in _PLAUSIBILITY
    ]


def _missing_as_before(missing: Mapping[str, float]) -> list[Expectation]:
    return [
        _warning(
            gxe.ExpectColumnProportionOfNonNullValuesToBeBetween,
            f"missing about as often as before ({share:.0%})",
            "check whether the source fills it more or less often now; the next batch is compared"
            " with this one",
            column=name,
            min_value=max(1 - share - MISSING_MARGIN, 0.0),
            max_value=min(1 - share + MISSING_MARGIN, 1.0),
        )
        for name, share in missing.items()
    ]


def clean_suite(
    raw_rows: int, quarantined_rows: int, erased_rows: int = 0, repeated_rows: int = 0
) -> list[Expectation]:
    """Return the suite of a CLEAN batch: complete, in range, split 70/15/15, no row lost.

    Parameters
    ----------
    raw_rows, quarantined_rows, erased_rows, repeated_rows : int
        Rows that arrived in the batch, and how many of them are quarantined, were erased or had
        arrived before; the batch must hold the others.
    """
    rows = raw_rows - quarantined_rows - erased_rows - repeated_rows
    less = [f"{quarantined_rows} quarantined"]
    less += [f"{repeated_rows} repeated"] if repeated_rows else []
    less += [f"{erased_rows} erased"] if erased_rows else []
    suite: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(
            value=rows,
            severity="critical",
            notes=f"{raw_rows} RAW rows minus {' and '.join(less)}",
        ),
        _critical(gxe.ExpectColumnValuesToBeUnique, schema.ENCOUNTER),
        _critical(gxe.ExpectColumnValuesToBeInSet, "part", value_set=[str(p) for p in Split]),
        _critical(gxe.ExpectColumnValuesToBeInSet, schema.TARGET, value_set=[0, 1, 2]),
    ]
    if rows >= SHARES_NEED_ROWS:
        suite.append(
            _warning(
                gxe.ExpectColumnKLDivergenceToBeLessThan,
                "rows are split 70/15/15, as far as returning patients allow",
                "look at how many patients of the batch were known before: they keep their split",
                column="part",
                partition_object={
                    "values": [str(part) for part in SHARES],
                    "weights": list(SHARES.values()),
                },
                threshold=SHARE_DIVERGENCE,
            )
        )
    return [*suite, *_complete_features(), *_scales_in_range()]


def training_suite() -> list[Expectation]:
    """Return the suite of a training set: no test row, each patient in one split, every class."""
    suite: list[Expectation] = [
        gxe.ExpectColumnValuesToBeInSet(
            column="part", value_set=[str(Split.TRAIN), str(Split.VALIDATION)],
            severity="critical", notes="no test row",
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="part", column_B="patient_part",
            severity="critical", notes="every row is in the split of its patient",
        ),
        _critical(gxe.ExpectColumnValuesToBeUnique, schema.ENCOUNTER),
        gxe.ExpectColumnDistinctValuesToEqualSet(
            column=schema.TARGET, value_set=[0, 1, 2],
            severity="critical", notes="all three classes occur",
        ),
    ]  # fmt: skip
    return suite + _complete_features()


def leak_limits(rows: int, soon: int) -> dict[str, float]:
    """Return the scores above which a challenger is too good to be true.

    The limits add two standard errors to allow for chance, which matters while the test split is
    small.

    Parameters
    ----------
    rows, soon : int
        Test rows, and how many of their patients were readmitted within 30 days.
    """
    return {
        "weighted_f1": LEAK_WEIGHTED_F1 + 2 * math.sqrt(0.25 / max(rows, 1)),
        "auroc_under_30": LEAK_AUROC + 2 * math.sqrt(1 / (12 * max(soon, 1))),
    }


def prediction_suite(rows: int, soon: int, suspects: str = "") -> list[Expectation]:
    """Return the suite of a challenger's predictions for the test rows, and of its metrics.

    Parameters
    ----------
    rows, soon : int
        As in `leak_limits`.
    suspects : str
        The columns that explain scores above their limits.
    """
    by = f", by {suspects}" if suspects else ""
    probabilities = [f"probability_{label}" for label in schema.CLASSES]
    bounds = [
        _critical(gxe.ExpectColumnValuesToBeBetween, name, min_value=0.0, max_value=1.0)
        for name in probabilities
    ]
    return [
        *bounds,
        *(_critical(gxe.ExpectColumnValuesToNotBeNull, name) for name in probabilities),
        gxe.ExpectColumnValuesToBeBetween(
            column="probability_sum", min_value=1 - 1e-5, max_value=1 + 1e-5,
            severity="critical", notes="probabilities sum to 1",
        ),
        gxe.ExpectColumnDistinctValuesToEqualSet(
            column="prediction", value_set=list(schema.CLASSES),
            severity="critical", notes="every class is predicted",
        ),
        *(
            gxe.ExpectColumnMaxToBeBetween(
                column=name, max_value=round(limit, 3),
                severity="critical", notes=f"a score above {limit:.3f} points to a leak{by}",
            )
            for name, limit in leak_limits(rows, soon).items()
        ),
    ]  # fmt: skip


def _contract(column: Column) -> Iterator[Expectation]:
    """Yield the row-scoped expectations of one RAW column."""
    if column.is_number:  # Parsing turns anything but a whole number into null.
        yield _row_scoped(gxe.ExpectColumnValuesToNotBeNull, column.name, f"is {column.expected}")
        yield _row_scoped(
            gxe.ExpectColumnValuesToBeBetween,
            column.name,
            f"is {column.expected}",
            min_value=column.minimum,
            max_value=column.maximum,
        )
    elif column.is_closed:
        yield _row_scoped(
            gxe.ExpectColumnValuesToBeInSet,
            column.name,
            f"is {column.expected}",
            value_set=list(column.values),
        )
    elif column.pattern:
        yield _row_scoped(
            gxe.ExpectColumnValuesToMatchRegex,
            column.name,
            f"is {column.expected}",
            regex=column.pattern,
        )


def _complete_features() -> list[Expectation]:
    return [_critical(gxe.ExpectColumnValuesToNotBeNull, name) for name in schema.FEATURE_NAMES]


def _scales_in_range() -> Iterator[Expectation]:
    """Yield the expectations of the numeric features.

    A scale has few codes, so a set lookup is faster than comparing with limits.
    """
    for column in map(schema.BY_NAME.__getitem__, schema.NUMERIC_FEATURES):
        if column.codes:
            codes = list(column.codes.values())
            yield _critical(gxe.ExpectColumnValuesToBeInSet, column.name, value_set=codes)
        else:
            yield _critical(
                gxe.ExpectColumnValuesToBeBetween,
                column.name,
                min_value=column.minimum,
                max_value=column.maximum,
            )


def _critical(kind: type[Expectation], column: str, **limits: Any) -> Expectation:
    return kind(column=column, severity="critical", **limits)


def _warning(kind: type[Expectation], notes: str, advice: str, **limits: Any) -> Expectation:
    """Return an expectation that stops no batch, with what to do if it is not met."""
    return kind(severity="warning", notes=notes, meta={ADVICE: advice}, **limits)


def _row_scoped(kind: type[Expectation], column: str, notes: str, **limits: Any) -> Expectation:
    return kind(column=column, severity="critical", notes=notes, meta=ROW_SCOPE, **limits)
