"""The application: `python -m api` serves it."""

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.openapi.models import APIKey, APIKeyIn

from api.access.keys import Keyring
from api.access.limits import RateLimit
from api.dependencies import Serving
from api.http import error_responses
from api.http.access_log import AccessLog
from api.http.direct import DirectWay
from api.http.transport import RequestBoundary
from api.metrics import Metrics
from api.model.champion import ChampionHolder
from api.model.store import RegistryStore, Store
from api.prediction_log.log import PredictionLog
from api.routes import about, file_formats, operate, predict, predict_batch, quality
from readmission import logs
from readmission.logs import note_uncaught
from readmission.settings import Settings, get_settings

DESCRIPTION = """\
Whether a diabetic patient will be back in hospital, and how soon: `NO`, `>30` or `<30` days.

`POST /predict` takes one encounter by the column names of UCI data set 296; `GET /schema` lists
them. Every refusal has the same body: `error`, `message`, `problems` (field, value, expected) and
`request_id`. Callers send their key as `X-API-Key`.
"""
SWITCH_SECONDS = 0.001
"""How long a thread that scores a file may hold the interpreter while single requests wait."""

COLLECT_AFTER = (20_000, 20, 100)
"""Reference counting frees what a request makes. Python's default of 700 would have the collector
walk the young objects every few requests."""

SHOW_SECONDS = 1.0
"""How often each process tells its metrics how its log is doing: any of several may be asked."""
LOG_SECONDS = 10
"""How long a shutdown waits for answers to be logged; what is not in the database by then is
on disk."""


def _keep_up(holder: ChampionHolder, interval: float, stopped: threading.Event) -> None:
    """Load the first model, then follow the alias."""
    holder.start()
    # What was imported and loaded stays for good: the collector need not walk over it, which
    # would hold up requests for a tenth of a second.
    gc.collect()
    gc.freeze()
    while not stopped.wait(interval):
        holder.follow()


async def _show_log(serving: Serving) -> None:
    while serving.log is not None:
        serving.metrics.show_log(serving.log)
        await asyncio.sleep(SHOW_SECONDS)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Start answering at once and load the model meanwhile.

    The thread is a daemon: a registry that does not answer must not hold up a shutdown.
    """
    asyncio.get_running_loop().set_exception_handler(note_uncaught)
    serving: Serving = app.state.serving
    stopped = threading.Event()
    following = (serving.holder, serving.settings.model_poll_seconds, stopped)
    threading.Thread(target=_keep_up, args=following, name="follow", daemon=True).start()
    if serving.log is not None:
        serving.log.start()
    app.state.access_log.start()
    showing = asyncio.create_task(_show_log(serving))
    yield
    showing.cancel()
    stopped.set()
    if serving.log is not None:
        await asyncio.to_thread(serving.log.close, LOG_SECONDS)
    await asyncio.to_thread(app.state.access_log.close)


def create_app(settings: Settings | None = None, store: Store | None = None) -> FastAPI:
    """Build the service.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment by default.
    store : Store, optional
        Hands out the models; the registry by default.
    """
    settings = settings or get_settings()
    metrics, registry = Metrics(), RegistryStore(settings)
    app = FastAPI(title=about.SERVICE, description=DESCRIPTION, version="1", lifespan=_lifespan)
    app.state.serving = Serving(
        settings=settings,
        holder=ChampionHolder(store or registry, metrics),
        metrics=metrics,
        keyring=Keyring.from_settings(settings),
        limit=RateLimit(settings.api_rate_limit),
        registry=registry,
        log=PredictionLog.from_settings(settings),
        files_at_once=asyncio.Semaphore(settings.api_files_at_once),
    )
    app.add_middleware(DirectWay, routes=app.routes)
    access_log = app.state.access_log = AccessLog(settings)
    app.add_middleware(RequestBoundary, count=metrics.answered, note=access_log.note)
    error_responses.install(app)
    # Routes are tried in order, and the one that is asked most comes first.
    for part in (predict, predict_batch, about, operate, quality):
        app.include_router(part.router)
    _complete_openapi(app)
    return app


def application() -> FastAPI:
    """Build the application of this process from the environment; uvicorn calls it."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT_AFTER)
    logs.configure("api")
    return create_app()


def _complete_openapi(app: FastAPI) -> None:
    """Add the API key and the lines of NDJSON to OpenAPI, where endpoints refer to them."""
    described = app.openapi()
    scheme = APIKey(**{"in": APIKeyIn.header}, name="X-API-Key").model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    components = described.setdefault("components", {})
    components["securitySchemes"] = {"key": scheme}
    components["schemas"] = file_formats.LINE_SCHEMAS | components.get("schemas", {})
