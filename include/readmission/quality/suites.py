"""What each gate expects, derived from the schema."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from readmission.domain import schema
from readmission.domain.columns import Column
from readmission.domain.plausibility import PREFIX, RULES, TOLERATED
from readmission.domain.splitting import DRAWN_BELOW, SHARES, Part
from readmission.quality.checkpoint import ROW_SCOPE

SHARES_NEED_ROWS = DRAWN_BELOW
"""Below this the shares of a batch are chance: a replay may have a single row."""

SHARE_DIVERGENCE = 0.005
"""Kullback-Leibler divergence from 70/15/15 that is worth a warning: 3.5 points."""

LEAK_WEIGHTED_F1 = 0.60
LEAK_AUROC = 0.75
"""Above these a model knows something it cannot know at discharge, until explained."""


MISSING_MARGIN = 0.15
"""How far the share of missing values may move from history before it is worth a warning."""


def raw_suite(missing_before: Mapping[str, float] | None = None) -> list[Expectation]:
    """Expectations of a RAW batch: every column's contract, no encounter twice, plausibility.

    Parameters
    ----------
    missing_before : mapping of str to float, optional
        Share of missing values of each column in the accepted batches before, 0 to 1.
    """
    suite: list[Expectation] = [
        gxe.ExpectTableColumnsToMatchSet(
            column_set=["source_row", *schema.NAMES, "earlier_batch", *_PLAUSIBILITY],
            severity="critical",
            notes="the columns of the UCI file, no more and no less",
        ),
        gxe.ExpectTableRowCountToBeBetween(
            min_value=1, severity="critical", notes="a batch has at least one encounter"
        ),
        _about_rows(
            gxe.ExpectColumnValuesToBeUnique,
            schema.ENCOUNTER,
            "an encounter occurs once in a batch",
        ),
        _about_rows(
            gxe.ExpectColumnValuesToBeNull,
            "earlier_batch",
            "an encounter has not come in an earlier batch",
        ),
    ]
    suite += [e for column in schema.COLUMNS for e in _contract(column)]
    return suite + _plausible() + _missing_as_before(missing_before or {})


_PLAUSIBILITY = tuple(PREFIX + sentence for sentence in RULES)


def _plausible() -> list[Expectation]:
    return [
        gxe.ExpectColumnValuesToBeInSet(
            column=name, value_set=[False], mostly=1 - TOLERATED,
            severity="warning", notes=f"hardly ever {name.removeprefix(PREFIX)}",
        )
        for name in _PLAUSIBILITY
    ]  # fmt: skip


def _missing_as_before(missing: Mapping[str, float]) -> list[Expectation]:
    return [
        gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(
            column=name,
            min_value=max(1 - share - MISSING_MARGIN, 0.0),
            max_value=min(1 - share + MISSING_MARGIN, 1.0),
            severity="warning",
            notes=f"about as often missing as before ({share:.0%})",
        )
        for name, share in missing.items()
    ]


def clean_suite(raw_rows: int, quarantined_rows: int) -> list[Expectation]:
    """Expectations of a CLEAN batch: complete, in range, split as designed, no row lost.

    Parameters
    ----------
    raw_rows, quarantined_rows : int
        Rows of the batch in RAW; their difference must have arrived.
    """
    rows = raw_rows - quarantined_rows
    suite: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(
            value=rows,
            severity="critical",
            notes=f"{raw_rows} RAW rows minus {quarantined_rows} quarantined",
        ),
        _critical(gxe.ExpectColumnValuesToBeUnique, schema.ENCOUNTER),
        _critical(gxe.ExpectColumnValuesToBeInSet, "part", value_set=[str(p) for p in Part]),
        _critical(gxe.ExpectColumnValuesToBeInSet, schema.TARGET, value_set=[0, 1, 2]),
    ]
    if rows >= SHARES_NEED_ROWS:
        suite.append(
            gxe.ExpectColumnKLDivergenceToBeLessThan(
                column="part",
                partition_object={
                    "values": [str(part) for part in SHARES],
                    "weights": list(SHARES.values()),
                },
                threshold=SHARE_DIVERGENCE,
                severity="warning",
                notes="rows are split 70/15/15, up to what returning patients force",
            )
        )
    return [*suite, *_complete_features(), *_scales_in_range()]


def training_suite() -> list[Expectation]:
    """Expectations of a training set: no test row, no patient in two parts, every class."""
    suite: list[Expectation] = [
        gxe.ExpectColumnValuesToBeInSet(
            column="part", value_set=[str(Part.TRAIN), str(Part.VALIDATION)],
            severity="critical", notes="no test row",
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="part", column_B="patient_part",
            severity="critical", notes="every row is in the part of its patient",
        ),
        _critical(gxe.ExpectColumnValuesToBeUnique, schema.ENCOUNTER),
        gxe.ExpectColumnDistinctValuesToEqualSet(
            column=schema.TARGET, value_set=[0, 1, 2],
            severity="critical", notes="all three classes are there",
        ),
    ]  # fmt: skip
    return suite + _complete_features()


def leak_limits(rows: int, soon: int) -> dict[str, float]:
    """Return the figures above which a challenger is too good to be true.

    Two standard errors are added for chance, which matters while the test part is small.

    Parameters
    ----------
    rows, soon : int
        Test rows, and how many of them came back within 30 days.
    """
    return {
        "weighted_f1": LEAK_WEIGHTED_F1 + 2 * math.sqrt(0.25 / max(rows, 1)),
        "auroc_under_30": LEAK_AUROC + 2 * math.sqrt(1 / (12 * max(soon, 1))),
    }


def prediction_suite(rows: int, soon: int) -> list[Expectation]:
    """Expectations of a challenger's answers on the test part, with its metrics beside them.

    Parameters
    ----------
    rows, soon : int
        As in `leak_limits`.
    """
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
            severity="critical", notes="no class has vanished from the answers",
        ),
        *(
            gxe.ExpectColumnMaxToBeBetween(
                column=name, max_value=round(limit, 3),
                severity="critical", notes=f"a figure above {limit:.3f} is a leak until explained",
            )
            for name, limit in leak_limits(rows, soon).items()
        ),
    ]  # fmt: skip


def _contract(column: Column) -> Iterator[Expectation]:
    """Row-scoped expectations of one RAW column."""
    if column.is_number:  # What is no whole number was parsed to null.
        yield _about_rows(gxe.ExpectColumnValuesToNotBeNull, column.name, f"is {column.expected}")
        yield _about_rows(
            gxe.ExpectColumnValuesToBeBetween,
            column.name,
            f"is {column.expected}",
            min_value=column.minimum,
            max_value=column.maximum,
        )
    elif column.is_closed:
        yield _about_rows(
            gxe.ExpectColumnValuesToBeInSet,
            column.name,
            f"is {column.expected}",
            value_set=list(column.values),
        )
    elif column.pattern:
        yield _about_rows(
            gxe.ExpectColumnValuesToMatchRegex,
            column.name,
            f"is {column.expected}",
            regex=column.pattern,
        )


def _complete_features() -> list[Expectation]:
    return [_critical(gxe.ExpectColumnValuesToNotBeNull, name) for name in schema.FEATURE_NAMES]


def _scales_in_range() -> Iterator[Expectation]:
    """Expectations of numbers: a scale has few, which is also quicker to look up than limits."""
    for column in schema.FEATURES:
        if column.name in schema.CATEGORICAL_FEATURES:
            continue
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


def _about_rows(kind: type[Expectation], column: str, notes: str, **limits: Any) -> Expectation:
    return kind(column=column, severity="critical", notes=notes, meta=ROW_SCOPE, **limits)
