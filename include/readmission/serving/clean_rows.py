"""Score CLEAN rows with a compiled model, which takes raw encounters when it serves."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema
from readmission.domain.cleaning import clean
from readmission.domain.columns import Kind, earlier_stays
from readmission.serving.encoding_tables import (
    EncodingTables,
    Entries,
    Entry,
    Value,
    of_diagnosis,
)
from readmission.serving.scorer import CompiledScorer


def score(scorer: CompiledScorer, features: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the probability of each class for CLEAN features.

    Parameters
    ----------
    scorer : CompiledScorer
        The model.
    features : DataFrame, shape (n, columns)
        At least the features, as returned by `readmission.domain.cleaning.clean`; earlier stays are
        blank unless it has their fields.

    Returns
    -------
    ndarray, shape (n, 3)
        In the order of `schema.CLASSES`.
    """
    return scorer.estimator.predict_proba(encode(scorer.tables, features))


def encode(tables: EncodingTables, features: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Return CLEAN features as the matrix that the estimator takes, shape (n, columns)."""
    matrix = np.full((len(features), len(tables.columns)), tables.absent, dtype=np.float32)
    for name, entries in _by_feature(tables).items():
        if name in earlier_stays.BY_NAME and name not in features:
            continue  # Blank, which sets no cell.
        codes, values = pd.factorize(features[name])
        for code, value in enumerate(values):
            rows = np.flatnonzero(codes == code)
            for place, cell in _entry(name, entries, value):
                matrix[rows, place] = cell
    return matrix


def _entry(name: str, entries: Entries, value: Value) -> Entry:
    if name in schema.BY_NAME and schema.BY_NAME[name].kind is Kind.DIAGNOSIS:
        return of_diagnosis(entries, str(value))
    return entries.get(value, ())


def _by_feature(tables: EncodingTables) -> Mapping[str, Entries]:
    """Return the entries of each field by CLEAN value instead of raw value.

    Cleaning rules are not repeated here: each raw value is put into the example encounter, which is
    then cleaned. Entries of diagnoses already have CLEAN values as keys.
    """
    found: dict[str, dict[Value, Entry]] = {}
    for name, entries in tables.entries.items():
        if name in earlier_stays.BY_NAME:
            codes = earlier_stays.BY_NAME[name].codes if name == earlier_stays.SOON else {}
            found[name] = {codes.get(str(v), v): entry for v, entry in entries.items()}
        elif schema.BY_NAME[name].kind is Kind.DIAGNOSIS:
            found[name] = dict(entries)
        else:
            cleaned = _cleaned(name, tuple(entries))
            found[name] = dict(zip(cleaned, entries.values(), strict=True))
    return found


@cache
def _cleaned(name: str, values: tuple[Value, ...]) -> Sequence[Value]:
    """Return the CLEAN value of each raw value; cached, as most models know the same values."""
    example = pd.DataFrame([schema.example()] * len(values)).assign(**{name: list(values)})
    return clean(example)[name].tolist()
