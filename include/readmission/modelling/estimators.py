"""The three model families that compete after every batch.

Settings were chosen on validation parts: sparse input for the linear and the boosted
model and few, small trees for the forest cost a tenth and lose nothing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, RobustScaler
from xgboost import XGBClassifier

from readmission.domain import schema
from readmission.domain.columns import Kind

SEED = 296


@dataclass(frozen=True)
class Family:
    """One kind of model.

    Parameters
    ----------
    title : str
        Name for people.
    build : callable
        Makes an unfitted classifier for a number of threads.
    sparse : bool
        Whether it is given a CSR matrix.
    absent : float
        What an entry that the matrix does not hold is to the estimator: *missing* (NaN) to
        XGBoost, zero to the others, at training and at prediction alike.
    """

    title: str
    build: Callable[[int], Any]
    sparse: bool
    absent: float = 0.0


def new_encoder(*, sparse: bool) -> ColumnTransformer:
    """Return the unfitted encoder of CLEAN features.

    Age and counts are scaled by median and interquartile range, categories become one
    column each and one never seen becomes all zeros, scales of 0..3 stay as they are.

    Parameters
    ----------
    sparse : bool
        Whether it yields a CSR matrix or a dense array.
    """
    scaled = [c.name for c in schema.of_kind(Kind.INTERVAL, Kind.COUNT)]
    scales = [c.name for c in schema.of_kind(Kind.ORDINAL)]
    categories = list(schema.CATEGORICAL_FEATURES)
    return ColumnTransformer(
        [
            ("scaled", RobustScaler(), scaled),
            ("scale", "passthrough", scales),
            (
                "category",
                OneHotEncoder(handle_unknown="ignore", sparse_output=sparse),
                categories,
            ),
        ],
        sparse_threshold=1.0 if sparse else 0.0,
        verbose_feature_names_out=False,
    )


def source_fields(encoder: ColumnTransformer) -> list[str]:
    """Return the field that each encoded column comes from, in the order of the columns."""
    return [_source_field(str(name)) for name in encoder.get_feature_names_out()]


def _source_field(encoded: str) -> str:
    """The field of one column: one-hot columns are called field_value."""
    if encoded in schema.BY_NAME:
        return encoded
    return max((n for n in schema.CATEGORICAL_FEATURES if encoded.startswith(n + "_")), key=len)


def _logistic_regression(threads: int) -> LogisticRegression:  # noqa: ARG001
    return LogisticRegression(C=0.3, max_iter=400, tol=1e-3, random_state=SEED)


def _random_forest(threads: int) -> RandomForestClassifier:
    return RandomForestClassifier(
        n_estimators=100,
        min_samples_leaf=5,
        max_samples=0.3,
        n_jobs=threads,
        random_state=SEED,
    )


def _xgboost(threads: int) -> XGBClassifier:
    return XGBClassifier(
        n_estimators=350,
        max_depth=6,
        learning_rate=0.06,
        max_bin=64,
        colsample_bytree=0.4,
        tree_method="hist",
        objective="multi:softprob",
        n_jobs=threads,
        random_state=SEED,
    )


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "logistic_regression": Family("Logistic regression", _logistic_regression, sparse=True),
        "random_forest": Family("Random forest", _random_forest, sparse=False),
        "xgboost": Family("XGBoost", _xgboost, sparse=True, absent=math.nan),
    }
)
