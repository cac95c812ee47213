"""What the endpoints share: the parts of the service, who may ask, which model answers."""

from asyncio import Semaphore
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.types import Scope

from api.access.keys import HEADER, Caller, Keyring, Role
from api.access.limits import RateLimit
from api.contract.predictions import ErrorResponse, ModelReference
from api.errors import Forbidden, Unauthorized
from api.http.transport import header
from api.metrics import Metrics
from api.model.champion import Champion, ChampionHolder
from api.model.store import RegistryStore
from api.prediction_log.log import PredictionLog
from readmission.settings import Settings


@dataclass(frozen=True)
class Serving:
    """Everything the endpoints share.

    Parameters
    ----------
    registry : RegistryStore
        For questions beyond the model that answers.
    log : PredictionLog, optional
        None if none is kept.
    files_at_once : Semaphore
        Places for files; single encounters need none.
    """

    settings: Settings
    holder: ChampionHolder
    metrics: Metrics
    keyring: Keyring
    limit: RateLimit
    registry: RegistryStore
    log: PredictionLog | None
    files_at_once: Semaphore


def serving_of(request: Request) -> Serving:
    """Return what the application was built with."""
    serving: Serving = request.app.state.serving
    return serving


def admit(serving: Serving, scope: Scope, needed: Role) -> Caller:
    """Return who asks, if they may and have not asked too much.

    Raises
    ------
    Unauthorized, Forbidden, TooMany
    """
    client = scope.get("client")
    address = client[0] if client else "unknown"
    try:
        caller = serving.keyring.identify(header(scope, HEADER), address, needed)
    except (Unauthorized, Forbidden):
        serving.limit.take(address)  # Who tries keys may not try them without end.
        raise
    scope["state"]["role"] = caller.role_name
    serving.limit.take(caller.name)
    return caller


def may_predict(request: Request) -> None:
    """Let in who may predict; for endpoints that do not count nanoseconds."""
    admit(serving_of(request), request.scope, Role.PREDICT)


def may_operate(request: Request) -> Caller:
    """Let in who may change what is served."""
    return admit(serving_of(request), request.scope, Role.ADMIN)


def reference(champion: Champion | None) -> Mapping[str, str | None]:
    """Return which model answers, as every answer says it."""
    return champion.reference if champion else _NO_REFERENCE


_NO_REFERENCE = dict.fromkeys(ModelReference.model_fields)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the refusals of an endpoint for OpenAPI."""
    return {status: {"model": ErrorResponse} for status in statuses}


KEY_NEEDED: dict[str, Any] = {"security": [{"key": []}]}
"""OpenAPI of an endpoint that wants a key; the scheme is declared with the application."""
