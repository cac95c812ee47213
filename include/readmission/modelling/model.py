"""The registered model, which turns raw encounters into probabilities and classes."""

from typing import Any

import mlflow.pyfunc
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer

from readmission.domain import schema
from readmission.domain.cleaning import clean, clean_history, eligible
from readmission.modelling.decision import decide
from readmission.modelling.encoder import inputs

PROBABILITY_COLUMNS = tuple(f"probability_{label}" for label in schema.CLASSES)


class ReadmissionModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Cleaning, encoder, estimator and decision weights in one object.

    Parameters
    ----------
    family : str
        Key of `readmission.modelling.families.FAMILIES`.
    encoder : ColumnTransformer
        Fitted on the training rows.
    estimator : classifier
        Fitted on the output of the encoder.
    weights : tuple of 3 floats
        Weight of each class in the decision.
    """

    def __init__(
        self,
        family: str,
        encoder: ColumnTransformer,
        estimator: Any,
        weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> None:
        self.family = family
        self.encoder = encoder
        self.estimator = estimator
        self.weights = weights

    def score(self, features: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probability of each class for CLEAN features.

        Parameters
        ----------
        features : DataFrame, shape (n, columns)
            At least the features, as returned by `readmission.domain.cleaning.clean`. The fields of
            earlier stays are optional.

        Returns
        -------
        ndarray, shape (n, 3)
            In the order of `schema.CLASSES`.
        """
        encoded = self.encoder.transform(inputs(self.encoder, features)).astype(np.float32)
        probabilities = np.asarray(self.estimator.predict_proba(encoded), dtype=np.float64)
        # Boosted trees return float32, whose rows sum to 1 only within 1e-7.
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def predict_proba(self, raw: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Return the probability of each class for raw encounters, shape (n, 3).

        They may have the fields of earlier stays, see `readmission.domain.cleaning.clean_history`.

        Raises
        ------
        InvalidValue
            If a value is outside its contract.
        """
        return self.score(pd.concat([clean(raw), clean_history(raw)], axis=1))

    def decide(self, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.str_]:
        """Return the class of each row, one of `schema.CLASSES`."""
        return np.array(schema.CLASSES)[decide(probabilities, self.weights)]

    def predict(
        self,
        context: mlflow.pyfunc.PythonModelContext | None,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return ``prediction`` and the probability of each class, as MLflow's pyfunc interface.

        A patient who died cannot be readmitted: ``eligible`` is false, and the prediction and the
        probabilities are missing, as in the API's response.
        """
        probabilities, alive = self.predict_proba(model_input), eligible(model_input)
        rows = pd.DataFrame(probabilities, columns=PROBABILITY_COLUMNS, index=model_input.index)
        rows = rows.where(alive, other=np.nan)
        labels = zip(self.decide(probabilities), alive, strict=True)
        decided = [str(label) if is_alive else None for label, is_alive in labels]
        rows.insert(0, "prediction", pd.Series(decided, rows.index, dtype=object))
        return rows.assign(eligible=alive.astype(bool))
