"""The encoder that all families share: it turns CLEAN features into a matrix."""

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler

from readmission.domain import schema
from readmission.domain.columns import Kind, earlier_stays
from readmission.domain.diagnoses import group_of
from readmission.modelling.diagnosis_categories import PREFIX, DiagnosisCategories

CATEGORIES = tuple(column.name for column in schema.of_kind(Kind.CATEGORY))
DIAGNOSES = tuple(column.name for column in schema.of_kind(Kind.DIAGNOSIS))


def new_encoder(*, sparse: bool, history: bool = False) -> ColumnTransformer:
    """Return the unfitted encoder of CLEAN features.

    Age and counts are scaled by median and interquartile range. Categories, and the clinical group
    of each diagnosis, are one-hot encoded; an unseen category becomes all zeros. Ordinal codes are
    kept as they are. Each common ICD-9 category has a column that all diagnoses share.

    Parameters
    ----------
    sparse : bool
        Whether the encoder returns a CSR matrix or a dense array.
    history : bool
        Whether it encodes the patient's earlier stays too. A blank row sets none of their cells.
    """
    scaled = [c.name for c in schema.of_kind(Kind.INTERVAL, Kind.COUNT)]
    scales = [c.name for c in schema.of_kind(Kind.ORDINAL)]
    return ColumnTransformer(
        [
            ("scaled", RobustScaler(), scaled),
            ("scale", "passthrough", scales),
            ("category", _one_hot(sparse=sparse), list(CATEGORIES)),
            ("diagnosis", _diagnoses(sparse=sparse), list(DIAGNOSES)),
            *(_earlier_stays(sparse=sparse) if history else ()),
        ],
        sparse_threshold=1.0 if sparse else 0.0,
        verbose_feature_names_out=False,
    )


def inputs(encoder: ColumnTransformer, features: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a fitted encoder takes; absent earlier stays are blank."""
    names = encoder.feature_names_in_.tolist()
    return with_blanks(features)[names]


def with_blanks(features: pd.DataFrame) -> pd.DataFrame:
    """Return features with blank fields of earlier stays, unless they have them."""
    if earlier_stays.KNOWN in features:
        return features
    return features.assign(**dict(earlier_stays.BLANK))


def has_history(encoder: ColumnTransformer) -> bool:
    """Whether a fitted encoder encodes earlier stays."""
    return earlier_stays.KNOWN in encoder.feature_names_in_


def source_fields(encoder: ColumnTransformer) -> list[tuple[str, ...]]:
    """Return the fields from which each encoded column was made, in the order of columns."""
    return [_source_fields(str(name)) for name in encoder.get_feature_names_out()]


def _source_fields(encoded: str) -> tuple[str, ...]:
    """Return the fields of an encoded column; one-hot columns are named ``field_value``."""
    if encoded in schema.BY_NAME or encoded in earlier_stays.BY_NAME:
        return (encoded,)
    if encoded.startswith(PREFIX):
        return DIAGNOSES
    names = (*schema.CATEGORICAL_FEATURES, *earlier_stays.CATEGORIES)
    return (max((name for name in names if encoded.startswith(name + "_")), key=len),)


def known_categories(encoder: ColumnTransformer) -> list[str]:
    """Return the ICD-9 categories that have a column."""
    diagnosis: FeatureUnion = encoder.named_transformers_["diagnosis"]
    return [str(category) for category in diagnosis.named_transformers["shared"].categories_]


def _earlier_stays(*, sparse: bool) -> list[tuple[str, TransformerMixin | str, list[str]]]:
    """Return the block of earlier stays, in which all cells of a blank row are 0."""
    known = FunctionTransformer(_known, feature_names_out="one-to-one")
    counts = FunctionTransformer(np.log1p, feature_names_out="one-to-one")
    values = [list(earlier_stays.BY_NAME[name].values) for name in earlier_stays.CATEGORIES]
    groups = OneHotEncoder(categories=values, handle_unknown="ignore", sparse_output=sparse)
    return [
        ("earlier_stays", known, [earlier_stays.KNOWN]),
        ("earlier_counts", counts, list(earlier_stays.COUNTS)),
        ("earlier_categories", groups, list(earlier_stays.CATEGORIES)),
        ("began_soon", "passthrough", [earlier_stays.SOON]),
    ]


def _known(stays: pd.DataFrame) -> pd.DataFrame:
    """Scale the number of earlier stays: 0 is unknown, and log 2 is none."""
    return stays.add(1).apply(np.log1p)


def _diagnoses(*, sparse: bool) -> FeatureUnion:
    groups = FunctionTransformer(_groups, feature_names_out="one-to-one")
    return FeatureUnion(
        [
            ("group", make_pipeline(groups, _one_hot(sparse=sparse))),
            ("shared", DiagnosisCategories(sparse_output=sparse)),
        ],
        verbose_feature_names_out=False,
    )


def _one_hot(*, sparse: bool) -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore", sparse_output=sparse)


def _groups(diagnoses: pd.DataFrame) -> pd.DataFrame:
    return diagnoses.apply(
        lambda values: values.map({value: group_of(value) for value in values.unique()})
    )
