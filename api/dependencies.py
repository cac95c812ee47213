"""State and authorization that the endpoints share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.types import Scope

from api.access.audit import AuditTrail
from api.access.keys import HEADER, Caller, Keyring, Role
from api.access.limits import FileBudget, RateLimit, UploadSlots
from api.contract.predictions import ModelReference
from api.contract.problem_details import PROBLEM_JSON, SCHEMA_REF
from api.errors import Forbidden, Unauthorized
from api.http.draining import GracefulShutdown
from api.http.transport import header, request_id_of
from api.metrics import Metrics
from api.model.champion import Champion, ChampionHolder
from api.model.earlier_stays import EarlierStays
from api.model.follow_up import FollowUp
from api.model.registry import RegistryClient
from api.model.shadow.shadow import Shadow
from api.model.store import ModelStore
from api.prediction_log.live import LiveFigureReader
from api.prediction_log.log import PredictionLog
from readmission.logs.tracing import Tracer
from readmission.settings import Settings
from readmission.warehouse.audit.events import Action, ActorKind, AuditEvent


@dataclass(frozen=True)
class ServiceState:
    """Everything that the endpoints share.

    Parameters
    ----------
    holder : ChampionHolder
        Holds the champion.
    store : ModelStore
        Opens models.
    registry : RegistryClient
        For queries about other versions than the champion.
    stays : EarlierStays
        Looks up earlier stays for models that take them.
    follow_up : FollowUp
        Decides who is followed up.
    shadow : Shadow, optional
        Runs the challenger beside the champion; None unless a setting asks for it.
    log : PredictionLog, optional
        None if no log is configured.
    live : LiveFigureReader
        Reads the figures on live outcomes.
    audit : AuditTrail
        Records who did what.
    rows : RateLimit
        Rows of files per minute.
    file_bytes : RateLimit
        Bytes of files per minute, as sent and as unpacked.
    upload_slots : UploadSlots
        One slot per upload in progress; single encounters need none.
    shutdown : GracefulShutdown
        Tells whether the process is shutting down.
    tracer : Tracer
        Opens the spans of a request; does nothing without a collector.
    """

    settings: Settings
    holder: ChampionHolder
    metrics: Metrics
    keyring: Keyring
    limit: RateLimit
    rows: RateLimit
    file_bytes: RateLimit
    store: ModelStore
    registry: RegistryClient
    stays: EarlierStays
    follow_up: FollowUp
    shadow: Shadow | None
    log: PredictionLog | None
    live: LiveFigureReader
    audit: AuditTrail
    upload_slots: UploadSlots
    shutdown: GracefulShutdown
    tracer: Tracer


def service_state(request: Request) -> ServiceState:
    """Return the state that the application was created with."""
    state: ServiceState = request.app.state.service
    return state


def authorize(state: ServiceState, scope: Scope, needed: Role) -> Caller:
    """Return the caller of a request if it has the role and is within its rate limit.

    Callers are identified by API key or peer address, never by X-Forwarded-For.

    Raises
    ------
    Unauthorized, Forbidden, RateLimited
    """
    client = scope.get("client")
    address = client[0] if client else "unknown"
    try:
        caller = state.keyring.identify(header(scope, HEADER), address, needed)
    except (Unauthorized, Forbidden):
        state.limit.take(address)  # Rate-limit failed API-key attempts per address.
        raise
    scope["state"]["role"] = caller.role_name
    scope["state"]["caller"] = caller.name
    scope["state"]["sender"] = (caller.key_id, address)
    state.limit.take(caller.name)
    return caller


def caller_of(request: Request) -> str:
    """Return the name of an authorized caller."""
    name: str = request.scope["state"]["caller"]
    return name


def sender_of(request: Request) -> tuple[str, str]:
    """Return the key id of an authorized caller, empty if it is anonymous, and its address."""
    sender: tuple[str, str] = request.scope["state"]["sender"]
    return sender


def audit_event(
    request: Request, action: Action, subject: str | None, **detail: str | int | None
) -> AuditEvent:
    """Return an event of the caller of a request; arguments without a value are left out."""
    key_id, peer = sender_of(request)
    return AuditEvent(
        actor=key_id or ActorKind.ANONYMOUS,
        actor_kind=ActorKind.API_KEY if key_id else ActorKind.ANONYMOUS,
        action=action,
        subject=subject,
        peer=peer,
        request_id=request_id_of(request),
        detail={name: value for name, value in detail.items() if value is not None},
    )


def file_budget(request: Request) -> FileBudget:
    """Return what may still be read from files of the caller of a request."""
    state = service_state(request)
    return FileBudget(state.rows, state.file_bytes, caller_of(request))


def require_predict(request: Request) -> None:
    """Require the role predict; a dependency for endpoints outside the hot path."""
    authorize(service_state(request), request.scope, Role.PREDICT)


def require_admin(request: Request) -> Caller:
    """Require the role admin and return the caller."""
    return authorize(service_state(request), request.scope, Role.ADMIN)


def model_reference(champion: Champion | None) -> Mapping[str, str | None]:
    """Return the fields of `ModelReference`; all None without a champion."""
    return champion.reference if champion else _NO_REFERENCE


_NO_REFERENCE = dict.fromkeys(ModelReference.model_fields)


def error_schemas(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of an endpoint for OpenAPI."""
    content = {PROBLEM_JSON: {"schema": {"$ref": SCHEMA_REF}}}
    return {status: {"content": content} for status in statuses}


KEY_REQUIRED: dict[str, Any] = {"security": [{"key": []}]}
"""OpenAPI of an endpoint that needs an API key; `api.main` declares the scheme."""
