"""What is audited: each command and endpoint, with its action, or why it leaves no event."""

from collections.abc import Mapping
from types import MappingProxyType

from readmission.warehouse.audit.events import Action

Covered = Mapping[str, Action | str]
"""An action, or a sentence that says why there is none."""

_SERVICES = "It only starts, stops or shows services."
_FIGURES = "It prints counts and metrics, no rows."
_LOGGED = "The prediction log has the key, the address and the id of the request."
_MODEL = "It describes the service or the model, no patient."

COMMANDS: Covered = MappingProxyType(
    {
        "audit": "Nobody can change what it prints, and its own events would crowd out the others.",
        "backup": Action.BACK_UP,
        "corrections accept": Action.FIX_ROWS,
        "corrections list": Action.READ_CORRECTIONS,
        "corrections reject": Action.WAIVE_ROWS,
        "demo": "It starts a DAG that its schedule would start, too.",
        "down": _SERVICES,
        "drill": Action.DRILL,
        "key": "Whoever may read the state folder has the key anyway.",
        "logs": _SERVICES,
        "outcomes": _FIGURES,
        "patient erase": Action.ERASE_PATIENT,
        "patient export": Action.EXPORT_PATIENT,
        "patient rekey": Action.REKEY_PATIENTS,
        "promote": Action.PROMOTE,
        "promotions": _FIGURES,
        "promotions recompute": _FIGURES,
        "quarantine account": _FIGURES,
        "quarantine fix": Action.FIX_ROWS,
        "quarantine history": Action.READ_QUARANTINE,
        "quarantine list": Action.READ_QUARANTINE,
        "quarantine replay": Action.REPLAY_ROWS,
        "quarantine show": Action.READ_QUARANTINE,
        "quarantine waive": Action.WAIVE_ROWS,
        "reset": "It deletes the audit trail with everything else.",
        "restore": "The audit trail is the restored one, and no service runs.",
        "retrain": Action.RETRAIN,
        "rollback": Action.ROLL_BACK,
        "score": Action.SCORE_FILE,
        "status": _SERVICES,
        "synth": "Its patients are made up.",
        "tour": "It works on a stack of its own, which it deletes.",
        "trace": Action.TRACE,
        "unpin": Action.UNPIN,
        "up": _SERVICES,
        "warnings acknowledge": Action.ACKNOWLEDGE,
        "warnings list": _FIGURES,
        "warnings withdraw": Action.WITHDRAW,
    }
)
"""The commands of `readmission`."""

ENDPOINTS: Covered = MappingProxyType(
    {
        "GET /": _MODEL,
        "GET /cds-services": _MODEL,
        "GET /docs": _MODEL,
        "GET /follow_up": _MODEL,
        "GET /health": _MODEL,
        "GET /metrics": _FIGURES,
        "GET /model": _MODEL,
        "GET /model/card": _MODEL,
        "GET /model/history": _MODEL,
        "GET /model/live": _FIGURES,
        "GET /openapi.json": _MODEL,
        "GET /ping": _MODEL,
        "GET /predictions/{request_id}": Action.TRACE,
        "GET /quality": _FIGURES,
        "GET /ready": _MODEL,
        "GET /schema": _MODEL,
        "GET /v2": _MODEL,
        "GET /v2/health/live": _MODEL,
        "GET /v2/health/ready": _MODEL,
        "GET /v2/models/{name}": _MODEL,
        "GET /v2/models/{name}/ready": _MODEL,
        "POST /cds-services/{service_id}": Action.EXPLAIN,
        "POST /cds-services/{service_id}/feedback": "Its table has the key and the time.",
        "POST /explain": Action.EXPLAIN,
        "POST /fhir/RiskAssessment": Action.SCORE_FILE,
        "POST /follow_up": Action.SET_THRESHOLD,
        "POST /invocations": Action.SCORE_FILE,
        "POST /predict": _LOGGED,
        "POST /predict/batch": Action.SCORE_FILE,
        "POST /promote": Action.PROMOTE,
        "POST /reload_model": Action.RELOAD,
        "POST /rollback": Action.ROLL_BACK,
        "POST /unpin": Action.UNPIN,
        "POST /v2/models/{name}/infer": Action.SCORE_FILE,
    }
)
"""The endpoints of the API."""
