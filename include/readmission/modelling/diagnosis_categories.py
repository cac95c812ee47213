"""Encode which ICD-9 categories an encounter names, in any of its diagnoses."""

from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from readmission.domain.diagnoses import category_of

PREFIX = "category_"
"""Start of the name of each encoded column."""
_COMMON = 0.004
"""A category has a column if at least this share of the training rows name it."""
_COMPLETE = 0.95
"""If fewer training rows have a category, there are no columns: an earlier version cleaned the
other rows, and a column would reveal which version cleaned a row."""


class DiagnosisCategories(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """One column per common ICD-9 category: 1 if any of the diagnoses belongs to it, else 0.

    The position of a chronic disease in the list says little; its presence counts. Comorbidity
    indices work in the same way (Charlson et al. 1987, Elixhauser et al. 1998).

    Parameters
    ----------
    sparse_output : bool
        Whether to return a CSR matrix or a dense array.
    """

    def __init__(self, *, sparse_output: bool = True) -> None:
        self.sparse_output = sparse_output

    def fit(self, diagnoses: pd.DataFrame, y: object = None) -> Self:  # noqa: ARG002
        """Choose the categories.

        Parameters
        ----------
        diagnoses : DataFrame of str, shape (n, diagnoses)
            As CLEAN has them.
        y
            Ignored.
        """
        stacked = pd.concat([_categories(diagnoses[name]) for name in diagnoses])
        codes, names = pd.factorize(stacked.to_numpy(object))
        named = np.sort(codes.reshape(diagnoses.shape[1], len(diagnoses)), axis=0)
        counts = ~np.isin(named, np.flatnonzero(names == ""))
        complete = counts.any(axis=0).sum() >= _COMPLETE * len(diagnoses)
        # A category counts once in a row, whichever of the diagnoses names it.
        counts[1:] &= named[1:] != named[:-1]
        rows = np.bincount(named[counts], minlength=len(names))
        common = (rows > 0) & (rows >= _COMMON * len(diagnoses)) & complete
        self.categories_ = np.array(sorted(names[common]), object)
        self.n_features_in_ = diagnoses.shape[1]
        return self

    def transform(self, diagnoses: pd.DataFrame) -> sparse.csr_matrix | npt.NDArray[np.float64]:
        """Return the encoded diagnoses, shape (n, categories)."""
        index, rows, columns = pd.Index(self.categories_), [], []
        for name in diagnoses:
            found = index.get_indexer(_categories(diagnoses[name]))
            rows.append(np.flatnonzero(found >= 0))
            columns.append(found[found >= 0])
        cells = np.concatenate(rows), np.concatenate(columns)
        shape = (len(diagnoses), len(index))
        encoded = sparse.csr_matrix((np.ones(len(cells[0])), cells), shape=shape)
        encoded.data[:] = 1  # Several diagnoses of one category add up to more than 1.
        return encoded if self.sparse_output else encoded.toarray()

    def get_feature_names_out(self, names: object = None) -> npt.NDArray[np.object_]:  # noqa: ARG002
        """Return the names of the encoded columns."""
        return np.array([PREFIX + category for category in self.categories_], dtype=object)


def _categories(diagnoses: pd.Series) -> pd.Series:
    """Return the category of each diagnosis."""
    return diagnoses.map({diagnosis: category_of(diagnosis) for diagnosis in diagnoses.unique()})
