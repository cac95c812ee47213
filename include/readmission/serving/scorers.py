"""Two scorers with the same results: the compiled model and the pipeline it was made from."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from readmission.domain import schema
from readmission.serving import onnx_estimator
from readmission.serving.encoding_tables import EncodingTables, Encounter
from readmission.serving.onnx_estimator import CompiledEstimator

if TYPE_CHECKING:
    import pandas as pd

TABLES_FILE = "encoding.json"


class Scorer(Protocol):
    """Scores raw encounters that have been validated."""

    runtime: ClassVar[str]

    def predict_one(self, encounter: Encounter) -> list[float]:
        """Return the probabilities of one encounter, in the order of `schema.CLASSES`."""

    def predict_proba(self, encounters: Sequence[Encounter]) -> npt.NDArray[np.float64]:
        """Return the probability of each class, shape (n, 3), in the order of `schema.CLASSES`."""


class CompiledScorer:
    """Lookup tables and ONNX Runtime: about 60 microseconds per encounter."""

    runtime: ClassVar[str] = "compiled"

    def __init__(self, tables: EncodingTables, compiled: CompiledEstimator) -> None:
        self.tables = tables
        self._estimator = compiled

    @classmethod
    def read(cls, folder: Path, tables: EncodingTables) -> "CompiledScorer":
        """Read the estimator that `readmission.modelling.bundling` has written."""
        return cls(tables, CompiledEstimator(folder / onnx_estimator.FILE))

    def predict_one(self, encounter: Encounter) -> list[float]:
        """Return the probabilities of one encounter, in the order of `schema.CLASSES`."""
        return self._estimator.predict_one(self.tables.encode((encounter,)))

    def predict_proba(self, encounters: Sequence[Encounter]) -> npt.NDArray[np.float64]:
        """Return the probability of each class, shape (n, 3), in the order of `schema.CLASSES`."""
        return self._estimator.predict_proba(self.tables.encode(encounters))


class Pipeline(Protocol):
    """A fitted model that takes raw encounters as a data frame."""

    def predict_proba(self, raw: "pd.DataFrame") -> npt.NDArray[np.float64]:
        """Return the probability of each class, shape (n, 3)."""


class PipelineScorer:
    """The pipeline, used if there is no compiled form: milliseconds per encounter."""

    runtime: ClassVar[str] = "pipeline"

    def __init__(self, model: Pipeline) -> None:
        self._model = model

    def predict_one(self, encounter: Encounter) -> list[float]:
        """Return the probabilities of one encounter, in the order of `schema.CLASSES`."""
        probabilities: list[float] = self.predict_proba((encounter,))[0].tolist()
        return probabilities

    def predict_proba(self, encounters: Sequence[Encounter]) -> npt.NDArray[np.float64]:
        """Return the probability of each class, shape (n, 3), in the order of `schema.CLASSES`."""
        import pandas as pd  # Imported lazily: the compiled form does without pandas.

        raw = pd.DataFrame(encounters, columns=list(schema.FEATURE_NAMES))
        return self._model.predict_proba(raw)
