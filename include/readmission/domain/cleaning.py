"""From a raw encounter to the features a model sees: pure, vectorised, stateless.

The pipeline, the registered model and the API all run `clean`, so training and
serving cannot drift apart.
"""

import pandas as pd

from readmission.domain import schema
from readmission.domain.columns import ICD9_PATTERN, MISSING, Column, Kind, earlier_stays
from readmission.domain.diagnoses import diagnosis_of
from readmission.errors import InvalidValue


def parse(raw: pd.DataFrame) -> pd.DataFrame:
    """Convert raw values: missing ones become null, counts and keys become numbers.

    `Column.read` says what a value means. Nothing is rejected here, so that the quality gate can
    name the bad rows: a number that cannot be parsed becomes null, and a missing value stays as it
    is in a column that does not allow it.

    Parameters
    ----------
    raw : DataFrame
        Any subset of the columns of `schema.COLUMNS`, as text or as numbers.

    Returns
    -------
    DataFrame
        The same rows and columns; numbers as ``Int64``, everything else as text.
    """
    columns = {}
    for name in raw.columns:
        column = schema.BY_NAME.get(name)
        columns[name] = _parsed(raw[name], column) if column else raw[name]
    return pd.DataFrame(columns, index=raw.index)


def clean(raw: pd.DataFrame) -> pd.DataFrame:
    """Turn raw encounters into model features, each row independently of the others.

    Missing categories become ``Unknown``, an age interval its midpoint in years, a
    diagnosis its clinical group and category, a scale (doses, test results, yes/no) its position.

    Parameters
    ----------
    raw : DataFrame, one row per encounter
        The feature columns by their UCI names; `readmission.domain.schema` gives the values.
        Keys, weight and outcome may be present and are ignored.

    Returns
    -------
    DataFrame, one row per encounter
        `schema.FEATURES` in file order: text for categories, ``int32`` for all others.

    Raises
    ------
    InvalidValue
        Naming the column, the first offending value and what is expected.
    """
    absent = [name for name in schema.FEATURE_NAMES if name not in raw.columns]
    if absent:
        raise InvalidValue(absent[0], "no such column", schema.BY_NAME[absent[0]].expected)
    parsed = parse(raw[list(schema.FEATURE_NAMES)])
    return pd.DataFrame(
        {c.name: _feature(parsed[c.name], raw[c.name], c) for c in schema.FEATURES},
        index=raw.index,
    )


def clean_history(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the fields of `earlier_stays.FIELDS` for raw encounters, blank where not known.

    Parameters
    ----------
    raw : DataFrame, one row per encounter
        The fields of earlier stays, or none. A row is blank if ``earlier_stays`` is missing, and
        its other fields are then ignored. ``began_soon`` is ``Yes`` or ``No``.

    Raises
    ------
    InvalidValue
        If a value of a row that is not blank is outside its contract.
    """
    names = list(earlier_stays.NAMES)
    blank = pd.DataFrame(dict(earlier_stays.BLANK), index=raw.index)
    if earlier_stays.KNOWN not in raw:
        return blank
    known = raw[earlier_stays.KNOWN].notna()
    values = raw.loc[known].reindex(columns=names)
    for column in earlier_stays.FIELDS:
        blank.loc[known, column.name] = _history_field(values[column.name], column)
    return blank


def _history_field(values: pd.Series, column: Column) -> pd.Series:
    if column.kind is Kind.COUNT:
        numbers = pd.to_numeric(values, errors="coerce")
        _reject_any(~numbers.between(column.minimum, column.maximum), values, column)
        return numbers.astype("int64")
    if column.kind is Kind.ORDINAL:
        return _encode(values, values, column).astype("int64")
    texts = values.where(values.notna(), schema.UNKNOWN).astype(str)
    _reject_any(~texts.isin([*column.values, schema.UNKNOWN]), values, column)
    return texts


def outcome(raw: pd.DataFrame) -> pd.Series:
    """Return the target as codes: NO = 0, >30 = 1, <30 = 2.

    Raises
    ------
    InvalidValue
        If an outcome is not one of `schema.CLASSES`.
    """
    column = schema.BY_NAME[schema.TARGET]
    values = raw[schema.TARGET]
    return _encode(_parsed(values, column), values, column).astype("int16")


def eligible(raw: pd.DataFrame) -> pd.Series:
    """Return whether each patient left alive and so could be readmitted at all."""
    disposition = schema.BY_NAME["discharge_disposition_id"]
    return ~_parsed(raw[disposition.name], disposition).isin(schema.DIED)


def _feature(values: pd.Series, raw: pd.Series, column: Column) -> pd.Series:
    match column.kind:
        case Kind.CATEGORY:
            return _category(values, raw, column)
        case Kind.DIAGNOSIS:
            return _diagnosis(values, raw, column)
        case Kind.COUNT:
            _reject_any(values.isna(), raw, column)
            return values.astype("int32")
        case _:
            return _encode(values, raw, column).astype("int32")


def _parsed(values: pd.Series, column: Column) -> pd.Series:
    """Read each different value once; a column has few of them, except for the keys."""
    found = {value: column.read(value) for value in values.dropna().unique()}
    if column.is_number:
        # Python counts True as an int.
        whole = {value: number for value, number in found.items() if type(number) is int}
        return values.map(whole).astype("Int64")
    if column.missing_value is None:
        return values.map(found).where(values.notna(), values)
    parsed = values.map(found).where(values.notna(), column.missing_value)
    return parsed.mask(parsed == MISSING) if column.nullable else parsed


def _category(values: pd.Series, raw: pd.Series, column: Column) -> pd.Series:
    if not column.nullable:
        _reject_any(values.isna(), raw, column)
    if column.is_closed:
        _reject_any(values.notna() & ~values.isin(list(column.values)), raw, column)
    return values.where(values.notna(), schema.UNKNOWN).astype(str)


def _diagnosis(values: pd.Series, raw: pd.Series, column: Column) -> pd.Series:
    known = values.notna()
    _reject_any(known & ~values.astype(str).str.match(ICD9_PATTERN), raw, column)
    found = {code: diagnosis_of(str(code)) for code in values[known].unique()}
    return values.map(found).where(known, schema.UNKNOWN).astype(str)


def _encode(values: pd.Series, raw: pd.Series, column: Column) -> pd.Series:
    encoded = values.map(column.codes)
    _reject_any(encoded.isna(), raw, column)
    return encoded


def _reject_any(wrong: pd.Series, raw: pd.Series, column: Column) -> None:
    if wrong.any():
        raise InvalidValue(column.name, raw[wrong].iloc[0], column.expected)
