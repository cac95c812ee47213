"""The encoder that all families share: it turns CLEAN features into a matrix."""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, RobustScaler

from readmission.domain import schema
from readmission.domain.columns import Kind
from readmission.domain.diagnoses import group_of
from readmission.modelling.diagnosis_categories import PREFIX, DiagnosisCategories

CATEGORIES = tuple(column.name for column in schema.of_kind(Kind.CATEGORY))
DIAGNOSES = tuple(column.name for column in schema.of_kind(Kind.DIAGNOSIS))


def new_encoder(*, sparse: bool) -> ColumnTransformer:
    """Return the unfitted encoder of CLEAN features.

    Age and counts are scaled by median and interquartile range. Categories, and the clinical group
    of each diagnosis, are one-hot encoded; an unseen category becomes all zeros. Ordinal codes are
    kept as they are. Each common ICD-9 category has a column that all diagnoses share.

    Parameters
    ----------
    sparse : bool
        Whether the encoder returns a CSR matrix or a dense array.
    """
    scaled = [c.name for c in schema.of_kind(Kind.INTERVAL, Kind.COUNT)]
    scales = [c.name for c in schema.of_kind(Kind.ORDINAL)]
    return ColumnTransformer(
        [
            ("scaled", RobustScaler(), scaled),
            ("scale", "passthrough", scales),
            ("category", _one_hot(sparse=sparse), list(CATEGORIES)),
            ("diagnosis", _diagnoses(sparse=sparse), list(DIAGNOSES)),
        ],
        sparse_threshold=1.0 if sparse else 0.0,
        verbose_feature_names_out=False,
    )


def source_fields(encoder: ColumnTransformer) -> list[tuple[str, ...]]:
    """Return the fields from which each encoded column was made, in the order of columns."""
    return [_source_fields(str(name)) for name in encoder.get_feature_names_out()]


def _source_fields(encoded: str) -> tuple[str, ...]:
    """Return the fields of an encoded column; one-hot columns are named ``field_value``."""
    if encoded in schema.BY_NAME:
        return (encoded,)
    if encoded.startswith(PREFIX):
        return DIAGNOSES
    names = schema.CATEGORICAL_FEATURES
    return (max((name for name in names if encoded.startswith(name + "_")), key=len),)


def known_categories(encoder: ColumnTransformer) -> list[str]:
    """Return the ICD-9 categories that have a column."""
    diagnosis: FeatureUnion = encoder.named_transformers_["diagnosis"]
    return [str(category) for category in diagnosis.named_transformers["shared"].categories_]


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
