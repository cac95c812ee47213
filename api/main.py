"""The application; `python -m api` runs it."""

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.models import APIKey, APIKeyIn

from api.access.audit import AuditTrail
from api.access.keys import Keyring
from api.access.limits import RateLimit, UploadSlots
from api.contract.problem_details import SCHEMAS
from api.dependencies import ServiceState
from api.http import error_responses
from api.http.access_log import AccessLog
from api.http.connections import COUNT_INCOMPLETE
from api.http.cross_origin import SharedServices, as_browsers_send
from api.http.direct import DirectRouting
from api.http.draining import GracefulShutdown
from api.http.hosts import AllowedHosts
from api.http.tracing import TracedRequests
from api.http.transport import RequestBoundary
from api.metrics import Metrics
from api.model.champion import ChampionHolder
from api.model.earlier_stays import EarlierStays
from api.model.follow_up import FollowUp
from api.model.registry import RegistryClient
from api.model.shadow.challenger import ChallengerHolder
from api.model.shadow.shadow import Shadow
from api.model.store import LocalModelStore, ModelStore
from api.prediction_log.live import LiveFigureReader
from api.prediction_log.log import PredictionLog
from api.routes import (
    about,
    docs,
    file_formats,
    follow_up,
    operate,
    predict,
    predict_batch,
    quality,
    trace,
)
from api.routes.interop import cds_hooks, fhir, invocations, kserve
from readmission import logs
from readmission.logs import note_uncaught
from readmission.settings import Settings, get_settings

DESCRIPTION = """\
Whether a diabetic patient will be readmitted, and how soon: `NO`, `>30` or `<30` days.

`POST /predict` takes one encounter by the column names of UCI data set 296; `GET /schema` lists
them. Every error response has the same body: `error`, `message`, `problems` (field, value,
expected) and `request_id`, within the fields of RFC 9457. Callers send their key as `X-API-Key`.
"""
SWITCH_SECONDS = 0.001
"""How long a thread that scores a file may hold the interpreter while single requests wait.

Measured during uploads: with Python's 5 ms and the defaults of its garbage collector, the service
handles 0.79 of the single requests per second, and p99 is 1.18 times as long."""

SHOW_SECONDS = 1.0
"""Interval at which each process updates its metrics of the prediction log: Prometheus may scrape
any of several processes."""
LOG_SECONDS = 10
"""How long a shutdown waits for predictions to reach the database; the rest stays on disk."""
AUDIT_SECONDS = 5
"""How long a shutdown waits for waiting audit events."""


def _follow_alias(
    holder: ChampionHolder, started: Callable[[], None], interval: float, stopped: threading.Event
) -> None:
    """Load the first model, then load each new version in production."""
    holder.start()
    started()
    while not stopped.wait(interval):
        holder.follow()


def _uses_stays(state: ServiceState) -> bool:
    """Whether the champion, or the challenger in shadow, takes earlier stays."""
    champion, shadow = state.holder.champion, state.shadow
    loaded = (champion.model if champion else None, shadow.challenger if shadow else None)
    return any(model.bundle.scorer.tables.takes_history for model in loaded if model)


async def _show_log(state: ServiceState) -> None:
    while state.log is not None:
        state.metrics.show_log(state.log)
        await asyncio.sleep(SHOW_SECONDS)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Accept requests at once and load the model in a thread.

    The thread is a daemon: a registry that does not respond must not delay a shutdown.
    """
    asyncio.get_running_loop().set_exception_handler(note_uncaught)
    state: ServiceState = app.state.service
    state.shutdown.install()
    stopped = threading.Event()
    interval = state.settings.model_poll_seconds
    following = (state.holder, app.state.started, interval, stopped)
    threading.Thread(target=_follow_alias, args=following, name="follow", daemon=True).start()
    stays = (lambda: _uses_stays(state), state.settings.history_refresh_seconds, stopped)
    threading.Thread(target=state.stays.follow, args=stays, name="stays", daemon=True).start()
    thresholds = (interval, stopped)
    threading.Thread(
        target=state.follow_up.follow, args=thresholds, name="follow-up", daemon=True
    ).start()
    if state.shadow is not None:
        state.shadow.start(interval, stopped)
    if state.log is not None:
        state.log.start()
    state.audit.start()
    app.state.access_log.start()
    showing = asyncio.create_task(_show_log(state))
    yield {COUNT_INCOMPLETE: partial(state.metrics.count_response, "incomplete", "")}
    showing.cancel()
    stopped.set()
    if state.log is not None:
        await asyncio.to_thread(state.log.close, LOG_SECONDS)
    await asyncio.to_thread(state.audit.close, AUDIT_SECONDS)
    await asyncio.to_thread(app.state.access_log.close)
    await asyncio.to_thread(state.tracer.close)


def create_app(
    settings: Settings | None = None,
    store: ModelStore | None = None,
    started: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Create the application.

    Parameters
    ----------
    settings : Settings, optional
        Those of the environment by default.
    store : ModelStore, optional
        Opens models; by default the local model store, filled from the registry.
    started : callable, optional
        Called after the first attempt to load a model.
    """
    settings = settings or get_settings()
    app = FastAPI(
        title=about.SERVICE,
        description=DESCRIPTION,
        version="1",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = _state(settings, store)
    app.state.started = started
    app.state.access_log = AccessLog(settings)
    _add_layers(app)
    error_responses.install(app)
    # Routes are tried in order, so the most frequent one comes first.
    protocols = (invocations, kserve, fhir, cds_hooks)
    for part in (predict, predict_batch, about, operate, follow_up, quality, trace, *protocols):
        app.include_router(part.router)
    docs.install(app)
    _complete_openapi(app)
    return app


def _state(settings: Settings, store: ModelStore | None) -> ServiceState:
    """Create everything that the endpoints share."""
    metrics, registry = Metrics(), RegistryClient(settings)
    store = store or LocalModelStore(settings, registry)
    holder = ChampionHolder(store, metrics)
    stays = EarlierStays.from_settings(settings, metrics)
    challenger = ChallengerHolder(store, lambda: holder.champion, metrics)
    return ServiceState(
        settings=settings,
        holder=holder,
        metrics=metrics,
        keyring=Keyring.from_settings(settings),
        limit=RateLimit(settings.api_rate_limit),
        rows=RateLimit(settings.api_row_limit, 60, "rows of files per minute"),
        file_bytes=RateLimit(
            settings.api_file_mb_limit << 20, 60, "bytes of files, as unpacked, per minute"
        ),
        store=store,
        registry=registry,
        stays=stays,
        follow_up=FollowUp.from_settings(settings),
        shadow=Shadow.from_settings(settings, challenger, stays.complete_again, metrics),
        log=PredictionLog.from_settings(settings),
        live=LiveFigureReader(settings.prediction_log_dsn),
        audit=AuditTrail.from_settings(settings, metrics.audit_lost.inc),
        upload_slots=UploadSlots(settings.api_files_at_once),
        shutdown=GracefulShutdown(),
        tracer=logs.open_tracer("api", settings),
    )


def _add_layers(app: FastAPI) -> None:
    """Add the layers around the endpoints, from the innermost to the outermost."""
    state: ServiceState = app.state.service
    app.add_middleware(DirectRouting, routes=app.routes)
    origins = as_browsers_send(state.settings.cds_origins)
    if origins:
        app.add_middleware(SharedServices, origins=origins)
    app.add_middleware(AllowedHosts, names=state.settings.allowed_hosts, shared_with=origins)
    app.add_middleware(
        RequestBoundary,
        count=state.metrics.count_response,
        record=app.state.access_log.record,
        shutdown=state.shutdown,
    )
    if state.tracer.is_on:
        app.add_middleware(TracedRequests, tracer=state.tracer)


def application() -> FastAPI:
    """Create the application of this process from the environment; uvicorn calls this.

    What has been imported when the first model is loaded stays until the process ends. Frozen, the
    garbage collector leaves it out: a full collection under load stopped all requests for 110 to
    150 ms, which was their p99, and takes less than 1 ms without it.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    logs.configure("api")
    return create_app(started=gc.freeze)


def _complete_openapi(app: FastAPI) -> None:
    """Add the API key, errors and the lines of NDJSON to OpenAPI: endpoints refer to them."""
    described = app.openapi()
    scheme = APIKey(**{"in": APIKeyIn.header}, name="X-API-Key").model_dump(
        mode="json", by_alias=True, exclude_none=True
    )
    components = described.setdefault("components", {})
    components["securitySchemes"] = {"key": scheme}
    components["schemas"] = file_formats.LINE_SCHEMAS | SCHEMAS | components.get("schemas", {})
