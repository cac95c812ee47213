"""Score CLEAN rows with a compiled model, which takes raw encounters when it serves."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

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


@lru_cache(maxsize=8)
def _by_feature(tables: EncodingTables) -> Mapping[str, Entries]:
    """Return the entries of each field by CLEAN value instead of raw value.

    Entries of diagnoses already have CLEAN values as keys. Tables do not change, and the
    search for a leak scores rows with the same ones for each column.
    """
    found: dict[str, Entries] = {}
    raw: dict[str, Entries] = {}
    for name, entries in tables.entries.items():
        if name in earlier_stays.BY_NAME:
            codes = earlier_stays.BY_NAME[name].codes if name == earlier_stays.SOON else {}
            found[name] = {codes.get(str(v), v): entry for v, entry in entries.items()}
        elif schema.BY_NAME[name].kind is Kind.DIAGNOSIS:
            found[name] = entries
        else:
            raw[name] = entries
    for name, cleaned in _cleaned({name: list(entries) for name, entries in raw.items()}).items():
        found[name] = dict(zip(cleaned, raw[name].values(), strict=True))
    return found


def _cleaned(values: Mapping[str, Sequence[Value]]) -> dict[str, Sequence[Value]]:
    """Return the CLEAN values of the raw values of each field.

    Cleaning rules are not repeated here: copies of the example encounter get one value of each
    field, and all of them are cleaned at once.
    """
    example = schema.example()
    size = max(map(len, values.values()), default=0)
    rows = pd.DataFrame([example] * size).assign(
        **{name: [*of, *[example[name]] * (size - len(of))] for name, of in values.items()}
    )
    cleaned = clean(rows)
    return {name: cleaned[name].iloc[: len(of)].tolist() for name, of in values.items()}
