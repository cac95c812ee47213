"""Roll back on a person's request: through the API, verified there, and recorded at once."""

import logging
import re
import time
from collections.abc import Mapping
from http import HTTPStatus

import httpx

from readmission.errors import DecisionRefused
from readmission.pipeline.promotion import rollout
from readmission.pipeline.promotion.replicas import wait_until_served
from readmission.registry import Registry
from readmission.registry.rollbacks import rollbacks
from readmission.settings import Settings
from readmission.warehouse import ModelHistory
from readmission.warehouse.clean.rollback_log import RollbackLog

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 120
"""The API downloads the version, verifies it and loads it."""
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)


def roll_back(
    wanted: Mapping[str, str | None],
    request_id: str,
    history: ModelHistory,
    registry: Registry,
    settings: Settings,
) -> str:
    """Put an earlier version into production and pin it; return what was done, in a sentence.

    The sentence also says how long that took, and which replicas of the API do not serve the
    version within seconds. They follow at their next poll of the registry, or an alert names them.

    Parameters
    ----------
    wanted : mapping
        The body of the request: ``reason``, and optionally ``to``, ``until`` and ``by``.
    request_id : str
        Id under which the API records the request in the audit trail, such as that of a run.
    history : ModelHistory
        Gets the row of the rollback.
    registry : Registry
        Any login may read it.
    settings : Settings
        Address of the API, and a key with the role admin.

    Raises
    ------
    httpx.HTTPError
        If the API does not respond; repeating the call is safe.
    DecisionRefused
        If it refuses; the message says why.
    ServingMismatch
        If it rolled back, and still serves another version a minute later.
    """
    began = time.monotonic()
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    response = httpx.post(
        f"{settings.api_url}/rollback",
        headers={"X-API-Key": key, "X-Request-ID": _NOT_IN_AN_ID.sub("_", request_id)[:64]},
        json={name: value for name, value in wanted.items() if value},
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
    )
    body = response.json()
    if response.status_code != HTTPStatus.OK:
        problems = "; ".join(problem["message"] for problem in body.get("problems") or ())
        raise DecisionRefused(problems or body["message"])
    RollbackLog(history.connection).record(rollbacks(registry))
    version = rollout.wait_until_served(registry, settings)
    pin = registry.production().pin
    served = wait_until_served(version, settings)
    shown = f"{served}, after {time.monotonic() - began:.1f} s"
    log.log(logging.WARNING if served.others else logging.INFO, "rollback: %s", shown)
    return f"version {version} replaced version {body['previous_version']}; {pin}; {shown}"
