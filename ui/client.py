"""HTTP client for the prediction API."""

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

from readmission.logs.tracing import NoTracer, SpanKind, Tracer

TIMEOUT = httpx.Timeout(30.0, connect=3.0)
"""Seconds. A busy machine may need one to predict; an unreachable host should fail fast."""
UPLOAD_BYTES = 1 << 18
"""Bytes of a file sent at a time."""
KEY_HEADER = "X-API-Key"

Json = dict[str, Any]

log = logging.getLogger("readmission.ui")


class ApiUnavailable(Exception):
    """No usable response came from the API's address."""


@dataclass
class RequestRefused(Exception):
    """The API responded with an error.

    Parameters
    ----------
    kind : str
        Kind of error, such as ``"no_model"``; stable across releases.
    message : str
        What the API says about it, for people.
    problems : list of dict
        Each field with an error: its name, its value and what was expected.
    request_id : str
        Id of the request in the logs.
    had_key : bool
        Whether the request carried a key.
    """

    kind: str
    message: str
    problems: list[Json] = field(default_factory=list)
    request_id: str = ""
    had_key: bool = False


class ApiClient:
    """Send requests to the API.

    Each method raises `ApiUnavailable` or `RequestRefused`.

    Parameters
    ----------
    url : str
        Address of the API.
    key : SecretStr, optional
        API key, sent with every request.
    tracer : Tracer, optional
        Opens a span for each request, which the API continues.
    """

    def __init__(
        self, url: str, key: SecretStr | None = None, tracer: Tracer | None = None
    ) -> None:
        self.url = url
        self._tracer = tracer or NoTracer()
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, headers=_key_header(key))

    def health(self) -> Json:
        """Return whether a model is loaded, and which one."""
        return self._request("GET", "/health")

    def schema(self) -> Json:
        """Return the fields of an encounter, from which the form is built."""
        return self._request("GET", "/schema")

    def openapi(self) -> Json:
        """Return the API's description of its endpoints and of the responses."""
        return self._request("GET", "/openapi.json")

    def explain(self, encounter: Json, what_if: Json) -> Json:
        """Return the prediction for one encounter, what drove it and what would change it."""
        return self._request("POST", "/explain", encounter | {"what_if": what_if})

    def predict(self, encounter: Json) -> Json:
        """Return the prediction for one encounter."""
        return self._request("POST", "/predict", encounter)

    def model(self) -> Json:
        """Return the model in production and its card."""
        return self._request("GET", "/model")

    def card(self) -> str:
        """Return the card of the model in production as a page of HTML."""
        with self._traced("GET", "/model/card") as headers:
            response = self._http.get("/model/card", headers=headers)
            if response.is_error:
                raise _refusal(response.json(), response)
        return response.text

    def history(self) -> Json:
        """Return all registered versions and the candidates of the newest batch."""
        return self._request("GET", "/model/history")

    def live_figures(self) -> Json:
        """Return how the versions did on outcomes that became known after their predictions."""
        return self._request("GET", "/model/live")

    def quality(self) -> Json:
        """Return each gate's result for each batch, and the newest drift."""
        return self._request("GET", "/quality")

    def follow_up(self) -> Json:
        """Return the stored threshold of follow-up; its fields are None if there is none."""
        return self._request("GET", "/follow_up")

    def store_follow_up(self, key: SecretStr, choice: Json) -> Json:
        """Store the threshold of follow-up."""
        return self._request("POST", "/follow_up", choice, key=key)

    def reload(self, key: SecretStr) -> Json:
        """Load the model in production again."""
        return self._request("POST", "/reload_model", key=key)

    def roll_back(self, key: SecretStr, decision: Json) -> Json:
        """Put the previous model back into production and pin it."""
        return self._request("POST", "/rollback", decision, key=key)

    def unpin(self, key: SecretStr, decision: Json) -> Json:
        """Let promotion replace the pinned model again."""
        return self._request("POST", "/unpin", decision, key=key)

    def predict_file(self, content: bytes) -> Iterator[Json]:
        """Upload a file; yield the result of each row as it arrives, then the summary."""
        starts = range(0, len(content), UPLOAD_BYTES)
        with (
            self._traced("POST", "/predict/batch") as headers,
            self._http.stream(
                "POST",
                "/predict/batch",
                content=(content[start : start + UPLOAD_BYTES] for start in starts),
                # The API tells the format by the content.
                headers=headers | {"Content-Type": "application/octet-stream"},
            ) as response,
        ):
            if response.is_error:
                response.read()
                raise _refusal(response.json(), response)
            for line in response.iter_lines():
                yield json.loads(line)

    def _request(
        self, method: str, path: str, body: Json | None = None, key: SecretStr | None = None
    ) -> Json:
        with self._traced(method, path) as headers:
            response = self._http.request(
                method, path, json=body, headers=headers | _key_header(key)
            )
            content = response.json()
            if not isinstance(content, dict):
                raise ApiUnavailable(f"The service at {self.url} is not the prediction API")
            if response.is_error:
                raise _refusal(content, response)
        return cast(Json, content)

    @contextmanager
    def _traced(self, method: str, path: str) -> Iterator[dict[str, str]]:
        """Like `_logged`, within a span that the API continues."""
        with (
            self._tracer.span(f"{method} {path}", SpanKind.CLIENT),
            self._logged(method, path) as headers,
        ):
            yield headers | self._tracer.headers()

    @contextmanager
    def _logged(self, method: str, path: str) -> Iterator[dict[str, str]]:
        """Yield the header with a new request id, and log how the request ended.

        The API logs the same id.
        """
        request_id, start, result = secrets.token_hex(16), perf_counter(), "cancelled"
        try:
            with self._connection_errors():
                yield {"X-Request-ID": request_id}
            result = "ok"
        except RequestRefused as refused:
            result = f"refused: {refused.kind}"
            raise
        except ApiUnavailable:
            result = "unavailable"
            raise
        finally:
            # Pages repeat their GET requests on every click.
            level = logging.DEBUG if method == "GET" and result == "ok" else logging.INFO
            fields = {
                "request_id": request_id,
                "action": f"{method} {path}",
                "result": result,
                "duration_ms": round(1000 * (perf_counter() - start), 1),
            }
            log.log(level, "%s %s: %s", method, path, result, extra=fields)

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        """Raise `ApiUnavailable` for every error of the connection or of the response's format."""
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ApiUnavailable(
                f"No usable response from {self.url} ({type(error).__name__})"
            ) from error


def _key_header(key: SecretStr | None) -> dict[str, str]:
    return {KEY_HEADER: key.get_secret_value()} if key else {}


def _refusal(content: Json, response: httpx.Response) -> RequestRefused:
    status = response.status_code
    return RequestRefused(
        kind=str(content.get("error", status)),
        message=str(content.get("message", f"The service responded with status {status}.")),
        had_key=KEY_HEADER in response.request.headers,
        problems=content.get("problems") or [],
        request_id=str(content.get("request_id", "")),
    )
