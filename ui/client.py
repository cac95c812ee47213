"""The API as the page sees it: its questions, and two ways to be refused."""

import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, cast

import httpx
from pydantic import SecretStr

TIMEOUT = httpx.Timeout(30.0, connect=3.0)
"""Seconds; a forest over a busy machine may take one, a dead host should not take many."""
PIECE = 1 << 18
"""Bytes of a file sent at a time."""
KEY_HEADER = "X-API-Key"

Json = dict[str, Any]

log = logging.getLogger("readmission.ui")


class ApiAway(Exception):
    """Nothing that speaks our API answers at the address."""


@dataclass
class Refused(Exception):
    """The API answered, and said no; `had_key` is whether a key was sent with the question."""

    kind: str
    message: str
    problems: list[Json] = field(default_factory=list)
    request_id: str = ""
    had_key: bool = False


class ApiClient:
    """Asks the API.

    Parameters
    ----------
    url : str
        Where it is.
    key : SecretStr, optional
        Sent with every question.
    """

    def __init__(self, url: str, key: SecretStr | None = None) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, headers=_header(key))

    def health(self) -> Json:
        """Whether it lives and which model it has."""
        return self._ask("GET", "/health")

    def describe(self) -> Json:
        """The fields of an encounter, to build a form from."""
        return self._ask("GET", "/schema")

    def explain(self, encounter: Json) -> Json:
        """The answer for one encounter, with what drove it."""
        return self._ask("POST", "/explain", encounter)

    def predict(self, encounter: Json) -> Json:
        """The answer for one encounter."""
        return self._ask("POST", "/predict", encounter)

    def model(self) -> Json:
        """What is in production, and its card."""
        return self._ask("GET", "/model")

    def history(self) -> Json:
        """Every version so far, and the candidates of the newest batch."""
        return self._ask("GET", "/model/history")

    def quality(self) -> Json:
        """What the gates said of each batch."""
        return self._ask("GET", "/quality")

    def reload(self, key: SecretStr) -> Json:
        """Load the model in production again."""
        return self._ask("POST", "/reload_model", key=key)

    def roll_back(self, key: SecretStr) -> Json:
        """Go back to the model before."""
        return self._ask("POST", "/rollback", key=key)

    def predict_file(self, content: bytes) -> Iterator[Json]:
        """Yield the answer to each row of a CSV file while it arrives, and the sum at the end."""
        pieces = (content[at : at + PIECE] for at in range(0, len(content), PIECE))
        with (
            self._asking("POST", "/predict/batch") as named,
            self._http.stream(
                "POST",
                "/predict/batch",
                content=pieces,
                headers=named | {"Content-Type": "text/csv"},
            ) as response,
        ):
            if response.is_error:
                response.read()
                raise _refusal(response.json(), response)
            for line in response.iter_lines():
                yield json.loads(line)

    def _ask(
        self, method: str, path: str, body: Json | None = None, key: SecretStr | None = None
    ) -> Json:
        with self._asking(method, path) as named:
            response = self._http.request(method, path, json=body, headers=named | _header(key))
            answer = response.json()
            if not isinstance(answer, dict):
                raise ApiAway(f"{self.url} is something other than the prediction service")
            if response.is_error:
                raise _refusal(answer, response)
        return cast(Json, answer)

    @contextmanager
    def _asking(self, method: str, path: str) -> Iterator[dict[str, str]]:
        """Give a question an id, under which both logs have it, and log how it ended."""
        request_id, began, outcome = secrets.token_hex(16), perf_counter(), "stopped"
        try:
            with self._understood():
                yield {"X-Request-ID": request_id}
            outcome = "answered"
        except Refused as refused:
            outcome = f"refused: {refused.kind}"
            raise
        except ApiAway:
            outcome = "away"
            raise
        finally:
            # What a page only looks at is asked with every click.
            looked = method == "GET" and outcome == "answered"
            told = {
                "request_id": request_id,
                "action": f"{method} {path}",
                "outcome": outcome,
                "duration_ms": round(1000 * (perf_counter() - began), 1),
            }
            level = logging.DEBUG if looked else logging.INFO
            log.log(level, "%s %s: %s", method, path, outcome, extra=told)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Turn whatever comes of a service that is not there, or is another, into one error."""
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ApiAway(f"{self.url} gives no usable answer ({type(error).__name__})") from error


def _header(key: SecretStr | None) -> dict[str, str]:
    return {KEY_HEADER: key.get_secret_value()} if key else {}


def _refusal(answer: Json, response: httpx.Response) -> Refused:
    status = response.status_code
    return Refused(
        kind=str(answer.get("error", status)),
        message=str(answer.get("message", f"The service answered with status {status}.")),
        had_key=KEY_HEADER in response.request.headers,
        problems=answer.get("problems") or [],
        request_id=str(answer.get("request_id", "")),
    )
