"""The application: `uvicorn api.main:app`."""

import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from fastapi import FastAPI

from api import errors, routes
from api.champion import ChampionHolder, Loader
from api.errors import ApiError
from api.metrics import Metrics
from api.transport import RequestBoundary
from readmission.errors import ReadmissionError
from readmission.settings import Settings, get_settings

if TYPE_CHECKING:
    from readmission.registry import LoadedModel

ALIAS = "production"

MLFLOW_PATIENCE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""MLflow's own defaults let a reload hang for minutes when its server is away."""

DESCRIPTION = """\
Whether a diabetic patient will be back in hospital, and how soon: `NO`, `>30` or `<30` days.

`POST /predict` takes one encounter by the column names of UCI data set 296; `GET /schema` lists
them. Every refusal has the same body: `error`, `message`, `problems` (field, value, expected) and
`request_id`.
"""


class RegistryAway(ReadmissionError):
    """MLflow, or the store behind it, did not do its part."""

    def __init__(self) -> None:
        super().__init__(
            "MLflow did not hand out the model; check that it and its object store are running"
        )


def registry_loader(settings: Settings) -> Loader:
    """Return a loader of the model that the registry has in production."""

    def load() -> "LoadedModel":
        for name, value in MLFLOW_PATIENCE.items():
            os.environ.setdefault(name, value)
        # Imported in the loading thread: MLflow and its kin take seconds, and the
        # service should say that it is alive meanwhile.
        from mlflow.exceptions import MlflowException

        from readmission.registry import Registry

        try:
            return Registry(settings).load(ALIAS)
        except MlflowException as error:
            raise RegistryAway from error

    return load


def _load_at_start(holder: ChampionHolder) -> None:
    # A failure is on record in /health, the log and a metric; the service lives on.
    with suppress(ApiError):
        holder.reload()


def _log_to_stderr() -> None:
    """Let our own lines be seen; uvicorn sets up its loggers only. What is set up already stays."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("readmission").setLevel(logging.INFO)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start answering at once and load the model meanwhile.

    The thread is a daemon: a registry that does not answer must not hold up a shutdown.
    """
    _log_to_stderr()
    holder = app.state.serving.holder
    threading.Thread(target=_load_at_start, args=(holder,), name="first-load", daemon=True).start()
    yield


def create_app(settings: Settings | None = None, load: Loader | None = None) -> FastAPI:
    """Build the service.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment by default.
    load : callable, optional
        Fetches the model; from the registry by default.
    """
    settings = settings or get_settings()
    metrics = Metrics()
    holder = ChampionHolder(load or registry_loader(settings), metrics)
    app = FastAPI(title=routes.SERVICE, description=DESCRIPTION, version="1", lifespan=_lifespan)
    app.state.serving = routes.Serving(settings, holder, metrics)
    app.add_middleware(RequestBoundary)
    errors.install(app)
    app.include_router(routes.router)
    return app


app = create_app()
