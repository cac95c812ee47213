"""The MLflow server in one process; reads the environment that `mlflow.service` gives it.

``mlflow server`` imports MLflow twice, once in a parent that only waits, which costs
190 MB and five seconds of every boot.
"""

import os
import sys

import uvicorn
from mlflow.server.handlers import initialize_backend_stores


def serve(host: str, port: int) -> None:
    """Bring the database up to date and serve until told to stop."""
    backend = os.environ["MLFLOW_BACKEND_STORE_URI"]
    initialize_backend_stores(backend, backend, os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"])
    uvicorn.run("mlflow.server.fastapi_app:app", host=host, port=port, access_log=False)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
