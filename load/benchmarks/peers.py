"""Services to compare with: an empty endpoint, and the usual way to serve a model.

`uvicorn load.benchmarks.peers:empty` responds to every POST with a few bytes.
`uvicorn load.benchmarks.peers:pipeline` runs the fitted pipeline over a one-row data frame in a
plain endpoint, as tutorials do.
"""

import os
from typing import Any

from fastapi import FastAPI, Request

MODEL = "PEER_MODEL"
"""Environment variable with the folder of an MLflow model."""

empty = FastAPI()
pipeline = FastAPI()
_loaded: list[Any] = []


@empty.post("/predict")
async def nothing(request: Request) -> dict[str, bool]:
    """Read the body and respond."""
    await request.body()
    return {"ok": True}


@pipeline.post("/predict")
def predict(encounter: dict[str, Any]) -> dict[str, Any]:
    """Predict one encounter with the fitted pipeline."""
    import pandas as pd

    if not _loaded:
        import mlflow

        _loaded.append(mlflow.pyfunc.load_model(os.environ[MODEL]))
    predicted: dict[str, Any] = _loaded[0].predict(pd.DataFrame([encounter])).iloc[0].to_dict()
    return predicted
