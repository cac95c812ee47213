"""What is done with one part of a large training set, in this process or on a worker of Dask.

None of the errors quotes a row: a task's log has them, and Dask logs a task that fails with its
arguments and its error, on the worker.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer

from readmission.domain import schema
from readmission.domain.splitting import Split
from readmission.errors import ReadmissionError
from readmission.logs import is_trusted, where
from readmission.modelling.encoder import inputs
from readmission.modelling.fitting.samples import of_patients

Part = Callable[[], pd.DataFrame]
"""Reads the train and validation rows of one batch, on any machine; it can be pickled."""

_OUTCOMES = [schema.PATIENT, schema.TARGET, "part"]
_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class PartFailed(ReadmissionError):
    """A step failed on a part; the message has the type and the place of the error only."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the rows of a part could not be read or encoded: {problem}")
        self.problem = problem

    def __reduce__(self) -> tuple[type["PartFailed"], tuple[str]]:
        """Pickle the problem instead of the message, because workers raise this error."""
        return PartFailed, (self.problem,)


@dataclass(frozen=True, eq=False)
class Patients:
    """The patients of a sample, or all; their numbers are not part of its representation."""

    numbers: npt.NDArray[np.int64] | None = field(repr=False)


def _without_values(step: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Replace each error of a step whose message may quote a row."""

    @wraps(step)
    def guarded(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        try:
            return step(*args, **kwargs)
        except Exception as error:
            if is_trusted(error):
                raise
            raise PartFailed(where(error)) from None

    return guarded


@_without_values
def outcomes(part: Part) -> pd.DataFrame:
    """Return patient, outcome and split of the rows of a part."""
    known = part()[_OUTCOMES]
    return known.astype({"part": "category", schema.TARGET: np.int8})


@_without_values
def rows(part: Part, patients: Patients) -> pd.DataFrame:
    """Return the rows of some patients of a part."""
    return of_patients(part(), patients.numbers)


@_without_values
def encoded(part: Part, encoder: ColumnTransformer) -> tuple[Any, npt.NDArray[np.int64]]:
    """Return the encoded train rows of a part, and their class codes.

    Returns
    -------
    csr_matrix of float32, shape (n, columns)
    ndarray of int, shape (n,)
    """
    known = part()
    train = known[known["part"] == Split.TRAIN]
    matrix = encoder.transform(inputs(encoder, train)).astype(np.float32)
    return matrix, train[schema.TARGET].to_numpy(np.int64)
