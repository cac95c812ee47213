"""The columns of the contract, and how their values may be spelled."""

from readmission.domain.columns.column import (
    ICD9_PATTERN,
    LARGEST_CODE,
    OPEN_CATEGORY_PATTERN,
    Column,
    Kind,
    Section,
)
from readmission.domain.columns.spelling import (
    MISSING,
    MISSING_TEXTS,
    NOT_MEASURED,
    SPELLINGS,
    is_missing,
)
from readmission.domain.columns.wording import OLDEST

__all__ = [
    "ICD9_PATTERN",
    "LARGEST_CODE",
    "MISSING",
    "MISSING_TEXTS",
    "NOT_MEASURED",
    "OLDEST",
    "OPEN_CATEGORY_PATTERN",
    "SPELLINGS",
    "Column",
    "Kind",
    "Section",
    "is_missing",
]
