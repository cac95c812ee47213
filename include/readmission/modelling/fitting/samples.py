"""A sample of patients that keeps the shares of splits and outcomes."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from readmission.domain import schema


def sampled_patients(rows: pd.DataFrame, limit: int) -> npt.NDArray[np.int64] | None:
    """Return the patients whose rows together are at most `limit`; None if all rows are.

    A stratum is a split and the most serious outcome that a patient had. The same share of rows is
    taken from each, patient by patient, in the order of a hash of the number. So the sample depends
    on nothing but the rows, a smaller one is part of a larger one, and a patient is in it with all
    rows or with none.

    Parameters
    ----------
    rows : DataFrame, shape (n, columns)
        Patient, outcome and split of each encounter.
    limit : int
        Number of rows.

    Returns
    -------
    ndarray of int, or None
        Patient numbers in ascending order.
    """
    if len(rows) <= limit:
        return None
    patients = rows.groupby(schema.PATIENT, observed=True).agg(
        split=("part", "first"), outcome=(schema.TARGET, "max"), stays=("part", "size")
    )
    place = pd.util.hash_array(patients.index.to_numpy(np.int64))
    patients = patients.iloc[np.argsort(place, kind="stable")]
    strata = patients.groupby(["split", "outcome"], observed=True)["stays"]
    within = strata.cumsum() <= strata.transform("sum") * (limit / len(rows))
    return np.sort(patients.index[within].to_numpy(np.int64))


def of_patients(rows: pd.DataFrame, patients: npt.NDArray[np.int64] | None) -> pd.DataFrame:
    """Return the rows of some patients, or all of them."""
    return rows if patients is None else rows[rows[schema.PATIENT].isin(patients)]
