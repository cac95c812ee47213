"""One process that reads the training rows part by part, for more rows than it can hold."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer

from readmission.modelling.family import Family
from readmission.modelling.fitting import parts as steps
from readmission.modelling.fitting.parted_rows import PartedRows, survey
from readmission.modelling.fitting.parts import Part


class StreamedRows(PartedRows):
    """The rows of a training that this process reads again from their parts for each fit."""

    @property
    def engine(self) -> str:
        """What fits a model: the value of a run's tag ``engine``."""
        return f"local, in parts, {self.limit} rows sampled at most"

    def can_fit(self, family: Family) -> bool:
        """Whether a family can be fitted part by part."""
        return family.fit_in_parts is not None

    def fit(self, family: Family, estimator: Any, encoder: ColumnTransformer) -> None:
        """Fit an estimator on all train rows; see `PartedRows.fit`."""
        assert family.fit_in_parts  # noqa: S101 - see `can_fit`

        def encoded() -> Iterator[tuple[Any, npt.NDArray[np.int64]]]:
            for part, count in zip(self.parts, self.counts, strict=True):
                if count:
                    yield steps.encoded(part, encoder)

        family.fit_in_parts(estimator, encoded)


def read(parts: Sequence[Part], limit: int) -> StreamedRows:
    """Count the rows of all parts, and read a sample of their patients.

    Parameters
    ----------
    parts : sequence of callable
        Each reads the rows of one batch.
    limit : int
        Largest number of rows in the sample.
    """
    return StreamedRows(**survey(parts, _of_each, limit))


def _of_each(
    step: Callable[..., pd.DataFrame], parts: Sequence[Part], *args: Any
) -> list[pd.DataFrame]:
    return [step(part, *args) for part in parts]
