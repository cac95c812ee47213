"""The model in production changes without a change of code, with a picture before and after."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from readmission.stack.evidence.deployments.deployment import Deployment
from readmission.stack.evidence.lines import NotAsExpected
from readmission.stack.evidence.report import Picture
from readmission.stack.evidence.views import View, prediction

SECONDS = 60
"""Time limit for every replica to serve the other version."""
SAME = 5
"""Responses in a row with the other version; each may come from another replica."""
REASON = "make evidence: the swap of the model"
TITLES = (
    ("The model changes without a change of code: before", "El modelo cambia sin código: antes"),
    ("The model changes without a change of code: after a rollback",
     "El modelo cambia sin código: después de un rollback"),
)  # fmt: skip


def pictures(
    deployed: Deployment, take: Callable[[View], Picture], language: str
) -> Iterator[Picture]:
    """Yield a prediction before and after a rollback, and return to the first version.

    Parameters
    ----------
    deployed : Deployment
        Whose model is swapped. Two rollbacks stay in its history; the pin is removed.
    take : callable
        Takes a picture of a page.
    language : str
        Of the title, if there is no picture.
    """
    before, after = (dict(zip(("en", "es"), titles, strict=True)) for titles in TITLES)
    try:
        first = served(deployed)
        if pin := health(deployed).get("pinned"):
            raise NotAsExpected(f"{pin}; a swap would replace this pin")
        yield take(prediction(deployed, before, first))
        second = roll_back(deployed, first)
        try:
            yield take(prediction(deployed, after, second))
        finally:
            roll_back(deployed, second, to=first)
            change(deployed, "unpin", {"reason": REASON})
    except (httpx.HTTPError, NotAsExpected) as error:
        yield Picture(after[language], problem=str(error) or type(error).__name__)


def served(deployed: Deployment) -> str:
    """Return the version that the API serves."""
    return str(health(deployed)["model_version"])


def health(deployed: Deployment) -> dict[str, Any]:
    """Return what the API says of its model."""
    with httpx.Client(timeout=30, trust_env=False) as http:
        found: dict[str, Any] = http.get(f"{deployed.api}/health").raise_for_status().json()
    return found


def change(deployed: Deployment, path: str, body: dict[str, str]) -> None:
    """Have the API change what is in production.

    Raises
    ------
    NotAsExpected
        If it refuses.
    """
    key = {"X-API-Key": deployed.admin_key}
    with httpx.Client(timeout=30, trust_env=False) as http:
        response = http.post(f"{deployed.api}/{path}", headers=key, json=body)
    if not response.is_success:
        raise NotAsExpected(f"POST /{path}: {response.json().get('message', response.text)}")


def roll_back(deployed: Deployment, left: str, to: str | None = None) -> str:
    """Go back to an earlier version, and wait until every replica serves it.

    Parameters
    ----------
    deployed : Deployment
        Whose model is rolled back.
    left : str
        The version that is served now.
    to : str, optional
        The version; by default the previous one.

    Returns
    -------
    str
        The version that is served then.

    Raises
    ------
    NotAsExpected
        If the API refuses, for example because only one version was promoted; or if a replica does
        not follow.
    """
    change(deployed, "rollback", {"reason": REASON} | ({"to": to} if to else {}))
    end, found = time.monotonic() + SECONDS, [left]
    while left in found[-SAME:] or len(found) < SAME:
        if time.monotonic() > end:
            raise NotAsExpected(f"version {left} is still served after {SECONDS} s")
        time.sleep(0.5)
        found.append(served(deployed))
    return found[-1]
