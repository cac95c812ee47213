"""All error responses of the service: status, kind and message of each."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from fastapi.exceptions import RequestValidationError

from readmission.settings import PREFIX

log = logging.getLogger("readmission.api")

MAX_PROBLEMS = 60
"""Problems per response. An encounter has fewer fields; a hostile body may have many more."""
PROBLEMS_IN_MESSAGE, MAX_CHARACTERS = 3, 100


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field: its name, the value sent, the values expected."""

    field: str
    value: str | int | float | bool | None
    expected: str
    message: str

    @classmethod
    def wrong_value(cls, field: str, value: Any, expected: str) -> Self:
        """A known field has a value that the contract does not allow."""
        shown = _shortened(value)
        message = f"field {field!r}: {json.dumps(shown)} is not allowed, expected {expected}"
        return cls(field, shown, expected, message)

    @classmethod
    def missing_field(cls, field: str, expected: str) -> Self:
        """A required field is missing."""
        return cls(field, None, expected, f"field {field!r} is missing, expected {expected}")

    @classmethod
    def unknown_field(cls, field: str, value: Any, expected: str) -> Self:
        """The contract has no such field."""
        name = field[:MAX_CHARACTERS]
        message = f"field {name!r} is unknown, expected {expected}"
        return cls(name, _shortened(value), expected, message)

    @classmethod
    def repeated_field(cls, field: str) -> Self:
        """A JSON object has a field more than once."""
        name = field[:MAX_CHARACTERS]
        return cls(name, None, "one value", f"field {name!r} is repeated, expected one value")

    @classmethod
    def wrong_body(cls, expected: str) -> Self:
        """The body as a whole has the wrong type."""
        return cls("(body)", None, expected, f"the body has the wrong type: {expected}")


def _shortened(value: Any) -> str | int | float | bool | None:
    """Return `value` so that it fits into a short, valid JSON response."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    text = value if isinstance(value, str) else _compact(value)
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "…"


def _compact(value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return f"a value of type {type(value).__name__}"


class ApiError(Exception):
    """Base of all error responses: the class has status and kind, the instance the message."""

    status = 500
    kind = "internal"
    retry_after: int | None = None

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = list(problems[:MAX_PROBLEMS])


class MalformedBody(ApiError):
    """The body is not JSON."""

    status = 400
    kind = "malformed"

    def __init__(self, detail: str) -> None:
        super().__init__(f"The body is not valid JSON: {detail}.")


class UnknownHost(ApiError):
    """The Host header is not a name of this service."""

    status = 400
    kind = "host"

    def __init__(self) -> None:
        super().__init__(
            "The Host header does not name this service; use one of its names, or add the name to"
            f" {PREFIX}ALLOWED_HOSTS."
        )


class BodyTooLarge(ApiError):
    """The body, or one encounter in it, exceeds a size limit."""

    status = 413
    kind = "too_large"

    def __init__(self, limit: int, what: str = "one encounter", unit: str = "bytes") -> None:
        super().__init__(f"The body is too large: {what} may have at most {limit:,} {unit}.")


class NotJson(ApiError):
    """The content type is not JSON."""

    status = 415
    kind = "not_json"

    def __init__(self, content_type: str) -> None:
        shown = content_type[:MAX_CHARACTERS]
        super().__init__(f"Content-Type {shown!r} is not supported; send application/json.")


class UploadTooSlow(ApiError):
    """An upload stalled or was too slow."""

    status = 408
    kind = "too_slow"

    def __init__(self, received: int, seconds: int) -> None:
        super().__init__(
            f"The upload timed out after {received:,} bytes: it stalled for {seconds} s or was"
            " too slow; send the file again over a faster connection."
        )


class InvalidEncounter(ApiError):
    """Fields of the encounter are missing, unknown or wrong."""

    status = 422
    kind = "invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        named = "; ".join(problem.message for problem in problems[:PROBLEMS_IN_MESSAGE])
        more = len(problems) - PROBLEMS_IN_MESSAGE
        super().__init__(named + (f"; and {more} more" if more > 0 else "") + ".", problems)


class Unauthorized(ApiError):
    """The API key is missing or unknown."""

    status = 401
    kind = "unauthorized"

    def __init__(self) -> None:
        super().__init__(
            "The API key is missing or unknown; send a valid key in the header X-API-Key."
        )


class Forbidden(ApiError):
    """The role of the API key is too low."""

    status = 403
    kind = "forbidden"

    def __init__(self, role: str) -> None:
        super().__init__(f"The API key lacks the role {role!r}; send a key that has it.")


class RateLimited(ApiError):
    """The caller exceeds its rate limit."""

    status = 429
    kind = "too_many"

    def __init__(self, limit: int, what: str = "requests per second", seconds: int = 1) -> None:
        super().__init__(f"At most {limit:,} {what} are allowed; retry in {seconds} s.")
        self.retry_after = seconds


class TooManyUploads(ApiError):
    """All upload slots are taken, or all that one caller may take."""

    status = 429
    kind = "too_many_files"
    retry_after = 60

    def __init__(self, slots: int, whose: str = "") -> None:
        super().__init__(f"All {slots} upload slots{whose} are taken; retry in a minute.")


class UnsupportedFormat(ApiError):
    """The service does not read files of this content type."""

    status = 415
    kind = "media_type"

    def __init__(self, content_type: str, known: Sequence[str]) -> None:
        shown = content_type[:MAX_CHARACTERS]
        super().__init__(
            f"Content-Type {shown!r} is not supported; send one of {', '.join(known)}."
        )


class UnreadableFile(ApiError):
    """The file does not match its content type."""

    status = 400
    kind = "malformed"


class RollbackFailed(ApiError):
    """There is no previous version that could serve."""

    status = 409
    kind = "rollback_failed"


class RegistryUnavailable(ApiError):
    """MLflow, or the store behind it, did not respond."""

    status = 503
    kind = "registry_away"

    def __init__(self) -> None:
        super().__init__("MLflow did not respond; check that it and its object store are running.")


class RegistryRefused(RegistryUnavailable):
    """MLflow refused the service's login."""

    def __init__(self) -> None:
        ApiError.__init__(
            self,
            "MLflow refused the login of this service; check the settings"
            " READMISSION_MLFLOW_VIEWER_PASSWORD and READMISSION_MLFLOW_PROMOTION_PASSWORD.",
        )


class QualityUnavailable(ApiError):
    """The summary of the quality reports cannot be read."""

    status = 503
    kind = "quality_away"


class NoModelLoaded(ApiError):
    """No model is loaded."""

    status = 503
    kind = "no_model"


class Draining(ApiError):
    """The process is shutting down."""

    status = 503
    kind = "draining"

    def __init__(self) -> None:
        super().__init__("The service is shutting down; send the request to another replica.")


class NoProductionModel(ApiError):
    """A reload found no model behind the alias."""

    status = 409
    kind = "reload_failed"


class ReloadFailed(ApiError):
    """A reload could not load the model behind the alias."""

    status = 503
    kind = "reload_failed"


_ALL: tuple[type[ApiError], ...] = (ApiError, *ApiError.__subclasses__())
ERROR_KINDS = tuple(sorted({error.kind for error in _ALL}))
"""Every kind of error; metrics show all of them before the first one occurs."""
SERVER_ERROR_STATUSES = tuple(sorted({e.status for e in _ALL if e.status >= 500}))
"""Every status of a failure of the service; metrics show all of them, too."""


def kind_of(error: Exception) -> str:
    """Return the kind in the response to an error."""
    if isinstance(error, RequestValidationError):
        return InvalidEncounter.kind
    return error.kind if isinstance(error, ApiError) else ApiError.kind
