"""The encoder that all families share: it turns CLEAN features into a matrix."""

from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, RobustScaler

from readmission.domain import schema
from readmission.domain.columns import Kind


def new_encoder(*, sparse: bool) -> ColumnTransformer:
    """Return the unfitted encoder of CLEAN features.

    Age and counts are scaled by median and interquartile range. Categories are one-hot encoded;
    an unseen category becomes all zeros. Ordinal codes are kept as they are.

    Parameters
    ----------
    sparse : bool
        Whether the encoder returns a CSR matrix or a dense array.
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
    """Return the field from which each encoded column was made, in the order of columns."""
    return [_source_field(str(name)) for name in encoder.get_feature_names_out()]


def _source_field(encoded: str) -> str:
    """Return the field of an encoded column; one-hot columns are named ``field_value``."""
    if encoded in schema.BY_NAME:
        return encoded
    return max((n for n in schema.CATEGORICAL_FEATURES if encoded.startswith(n + "_")), key=len)
