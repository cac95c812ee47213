"""The API as the page sees it: four questions, and two ways to be refused."""

from dataclasses import dataclass, field
from typing import Any, cast

import httpx

TIMEOUT = httpx.Timeout(20.0, connect=3.0)
"""Seconds; a forest over a busy machine may take one, a dead host should not take many."""

Json = dict[str, Any]


class ApiAway(Exception):
    """Nothing that speaks our API answers at the address."""


@dataclass
class Refused(Exception):
    """The API answered, and said no."""

    kind: str
    message: str
    problems: list[Json] = field(default_factory=list)


class ApiClient:
    """Asks the API.

    Parameters
    ----------
    url : str
        Where it is.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT)

    def health(self) -> Json:
        """Whether it lives and which model it has."""
        return self._ask("GET", "/health")

    def describe(self) -> Json:
        """The fields of an encounter, to build a form from."""
        return self._ask("GET", "/schema")

    def predict(self, encounter: Json) -> Json:
        """The answer for one encounter."""
        return self._ask("POST", "/predict", encounter)

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        try:
            response = self._http.request(method, path, json=body)
            answer = response.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ApiAway(f"{self.url} gives no usable answer ({type(error).__name__})") from error
        if not isinstance(answer, dict):
            raise ApiAway(f"{self.url} is something other than the prediction service")
        if response.is_error:
            raise _refusal(answer, response.status_code)
        return cast(Json, answer)


def _refusal(answer: Json, status: int) -> Refused:
    return Refused(
        kind=str(answer.get("error", status)),
        message=str(answer.get("message", f"The service answered with status {status}.")),
        problems=answer.get("problems") or [],
    )
