"""An event of the audit trail, and the names of actions and kinds of actors."""

import getpass
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

DetailValue = str | int | Sequence[str] | None
Detail = Mapping[str, DetailValue]


class Action(StrEnum):
    """What was done; the first group changes nothing. Predictions are in the prediction log."""

    EXPLAIN = "explain"
    SCORE_FILE = "score-file"
    READ_REPORT = "read-report"
    READ_CORRECTIONS = "corrections-read"
    READ_QUARANTINE = "quarantine-read"
    TRACE = "trace"
    BACK_UP = "backup"
    DRILL = "restore-drill"

    RELOAD = "reload"
    ROLL_BACK = "rollback"
    UNPIN = "unpin"
    PROMOTE = "promote"
    APPROVE = "promotion-approve"
    REFUSE = "promotion-refuse"
    RETRAIN = "retrain"
    SET_THRESHOLD = "follow-up-threshold"
    FIX_ROWS = "quarantine-fix"
    WAIVE_ROWS = "quarantine-waive"
    REPLAY_ROWS = "quarantine-replay"
    ACKNOWLEDGE = "warning-acknowledge"
    WITHDRAW = "warning-withdraw"
    EXPORT_PATIENT = "patient-export"
    ERASE_PATIENT = "patient-erase"
    REKEY_PATIENTS = "patient-rekey"
    DELETE_EXPIRED = "retention-delete"


class ActorKind(StrEnum):
    """What identified the actor."""

    API_KEY = "api-key"
    AIRFLOW = "airflow"
    OS_USER = "os-user"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class AuditEvent:
    """One event. It names no patient; an export or erasure has a keyed hash as its subject.

    Parameters
    ----------
    actor : str
        Id of the API key, or user of Airflow or of the machine.
    actor_kind : ActorKind
        What identified the actor.
    action : Action
        What was done.
    subject : str, optional
        To what: a model version, a batch, a report, or the hash of a patient.
    peer : str, optional
        From where: the address of a client, ``user@host`` of a command, or dag and run in Airflow,
        which does not pass the address of the browser on to its tasks.
    request_id : str, optional
        Id of the request, or of the run in Airflow.
    detail : mapping
        Short facts, for example a reason.
    """

    actor: str
    actor_kind: ActorKind
    action: Action
    subject: str | None = None
    peer: str | None = None
    request_id: str | None = None
    detail: Detail = field(default_factory=dict)


def by_os_user(
    action: Action, subject: str | None, *, request_id: str | None = None, **detail: DetailValue
) -> AuditEvent:
    """Return an event of the user who runs this process, on this machine or in this container."""
    user = os_user()
    peer = f"{user}@{socket.gethostname()}"
    return AuditEvent(user, ActorKind.OS_USER, action, subject, peer, request_id, detail)


def os_user() -> str:
    """Return the user who runs this process; a container may run as a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def signed(given: str | None, user: str | None) -> str:
    """Return who decided: ``given (user)``, or the one of the two that is known."""
    given = (given or "").strip()
    names = [name for name in (given, user) if name]
    return f"{given} ({user})" if len(set(names)) > 1 else "".join(names[:1])
