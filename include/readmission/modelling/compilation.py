"""Compile a fitted model for serving. This runs at training, never in the API."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from readmission.domain import schema, synthetic
from readmission.domain.cleaning import clean, clean_history
from readmission.domain.columns import MISSING, Column, Kind, earlier_stays
from readmission.domain.diagnoses import DIAGNOSIS_GROUPS, diagnosis_of, group_of
from readmission.errors import BundleRefused
from readmission.modelling.encoder import (
    CATEGORIES,
    DIAGNOSES,
    has_history,
    inputs,
    known_categories,
    source_fields,
)
from readmission.modelling.families import family
from readmission.modelling.model import ReadmissionModel
from readmission.serving.encoding_tables import EncodingTables, Encounter, Entry, Value
from readmission.serving.golden_rows import TOLERANCE, GoldenRows
from readmission.serving.onnx_estimator import CompiledEstimator

GOLDEN_ROWS = 200
_CLEAR_CALL = 1e-4
"""Smallest gap between the two best weighted probabilities of a golden row, to exclude ties."""
_ONE_CODE_A_GROUP = ("V57", *(str(ranges[0][0]) for _, ranges in DIAGNOSIS_GROUPS))


def compile_tables(model: ReadmissionModel) -> EncodingTables:
    """Return the fitted encoder as lookup tables, made by encoding every value of every field.

    The rules of cleaning and encoding are not repeated here: each value is put into the example
    encounter, which then passes through `readmission.domain.cleaning.clean` and the encoder. The
    example has no other diagnosis, so each diagnosis alone sets the columns that all diagnoses
    share.

    Raises
    ------
    BundleRefused
        If a value sets more than one column that only its field sets: tables cannot represent that.
    """
    fields = (*schema.FEATURES, *(earlier_stays.FIELDS if has_history(model.encoder) else ()))
    probes = [(column, value) for column in fields for value in _values(column, model)]
    example = schema.example() | dict.fromkeys(DIAGNOSES, MISSING)
    first_stay = example | dict(earlier_stays.RAW_NONE)
    raw = pd.DataFrame(
        [
            (first_stay if column.name in earlier_stays.BY_NAME else example) | {column.name: value}
            for column, value in probes
        ]
    )
    columns = source_fields(model.encoder)
    entries: dict[str, dict[Value, Entry]] = {column.name: {} for column in fields}
    for (column, value), cells in zip(probes, _cells(model, raw), strict=True):
        own = tuple((place, cell) for place, cell in cells if column.name in columns[place])
        alone = tuple(cell for cell in own if len(columns[cell[0]]) == 1)
        if len(alone) > 1:
            raise BundleRefused(
                f"{column.name}: {value!r} sets {len(alone)} encoded columns, expected at most one"
            )
        entries[column.name] |= _by_key(column, value, own, alone)
    return EncodingTables(columns, family(model.family).absent, entries)


def compile_estimator(
    model: ReadmissionModel,
    encoded: npt.NDArray[np.float32],
    expected: npt.NDArray[np.float64],
) -> bytes:
    """Return the estimator as ONNX, after comparing its predictions on the validation rows.

    Parameters
    ----------
    model : ReadmissionModel
        Fitted.
    encoded : ndarray, shape (n, columns)
        The validation rows, as `dense` returns them.
    expected : ndarray, shape (n, 3)
        The model's probabilities for these rows.

    Raises
    ------
    BundleRefused
        If a probability differs by more than `golden_rows.TOLERANCE`, or a class differs.
    """
    compiled = family(model.family).to_onnx(model.estimator, encoded.shape[1])
    predicted = CompiledEstimator(compiled).predict_proba(encoded)
    worst = float(np.max(np.abs(predicted - expected)))
    changed = int(np.count_nonzero(model.decide(predicted) != model.decide(expected)))
    if not worst <= TOLERANCE or changed:
        raise BundleRefused(
            f"the probabilities of the compiled {model.family} are off by up to {worst:.2g},"
            f" and {changed} of {len(expected)} validation rows get another class"
        )
    return compiled


def dense(model: ReadmissionModel, features: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Encode features as the dense input of the compiled estimator, shape (n, columns)."""
    encoded = model.encoder.transform(inputs(model.encoder, features)).astype(np.float32)
    if not family(model.family).sparse:
        return np.asarray(encoded)
    filled = np.full(encoded.shape, family(model.family).absent, dtype=np.float32)
    stored = encoded.tocoo()
    filled[stored.row, stored.col] = stored.data
    return filled


def make_golden_rows(model: ReadmissionModel) -> GoldenRows:
    """Return synthetic encounters with the fitted pipeline's predictions for them.

    Every other one has earlier stays, if the model takes them.
    """
    raw = synthetic.encounters(2 * GOLDEN_ROWS).to_pandas()[list(schema.FEATURE_NAMES)]
    if has_history(model.encoder):
        raw = raw.join(_some_stays(len(raw)))
    probabilities = model.predict_proba(raw)
    weighted = np.sort(probabilities * np.asarray(model.weights), axis=1)
    clear = np.flatnonzero(weighted[:, -1] - weighted[:, -2] > _CLEAR_CALL)[:GOLDEN_ROWS]
    return GoldenRows(as_encounters(raw.iloc[clear]), probabilities[clear])


def _some_stays(rows: int) -> pd.DataFrame:
    """Return the fields of earlier stays, drawn at random, for the rows with even numbers."""
    random, numbers = np.random.default_rng(296), range(0, rows, 2)
    drawn = {
        column.name: random.integers(column.minimum, column.maximum + 1, len(numbers))
        if column.is_number
        else random.choice(list(column.values), len(numbers))
        for column in earlier_stays.FIELDS
    }
    return pd.DataFrame(drawn, index=list(numbers), dtype=object)


def as_encounters(raw: pd.DataFrame) -> Sequence[Encounter]:
    """Return raw encounters as a request contains them, with counts as numbers."""
    typed = raw.astype({c.name: int for c in schema.FEATURES if c.is_number})
    rows = [{str(name): value for name, value in row.items()} for row in typed.to_dict("records")]
    for row in rows:
        if pd.isna(row.get(earlier_stays.KNOWN)):
            for name in earlier_stays.NAMES:
                row.pop(name, None)
    return rows


def _values(column: Column, model: ReadmissionModel) -> Iterator[Value]:
    """Yield every value of a field that the encoder distinguishes."""
    if column.nullable and column.name in schema.BY_NAME:
        yield MISSING
    if column.is_number:
        yield from range(column.minimum, column.maximum + 1)
    elif column.kind is Kind.DIAGNOSIS:
        yield from _ONE_CODE_A_GROUP
        yield from known_categories(model.encoder)
    elif column.open_set:
        yield from _known(model, column.name)
    else:
        yield from column.values


def _known(model: ReadmissionModel, name: str) -> Iterator[str]:
    """Yield the categories of an open set that the encoder was fitted on."""
    categories = model.encoder.named_transformers_["category"].categories_
    yield from (str(value) for value in categories[CATEGORIES.index(name)])


def _by_key(column: Column, value: Value, own: Entry, alone: Entry) -> dict[Value, Entry]:
    """Return the cells of a value; a diagnosis has those of its group, and of its category."""
    if column.kind is not Kind.DIAGNOSIS:
        return {value: own}
    diagnosis = schema.UNKNOWN if value == MISSING else diagnosis_of(str(value))
    keyed: dict[Value, Entry] = {group_of(diagnosis): alone}
    if own != alone:
        keyed[diagnosis] = own
    return keyed


def _cells(model: ReadmissionModel, raw: pd.DataFrame) -> Iterator[list[tuple[int, float]]]:
    """Yield the stored cells of each encoded row, as pairs of column and content."""
    features = pd.concat([clean(raw), clean_history(raw)], axis=1)
    encoded = model.encoder.transform(inputs(model.encoder, features)).astype(np.float32)
    stored = sparse.csr_matrix(encoded)
    for start, end in pairwise(stored.indptr):
        yield list(
            zip(stored.indices[start:end].tolist(), stored.data[start:end].tolist(), strict=True)
        )
