"""Every refusal of the service: status, kind and sentence stand together."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from fastapi.exceptions import RequestValidationError

log = logging.getLogger("readmission.api")

SHOWN_PROBLEMS = 60
"""Problems listed in an answer: more than an encounter has fields, less than a body could hold."""
IN_MESSAGE = 3
SHOWN_CHARACTERS = 100


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field: its name, the value sent, what is expected."""

    field: str
    value: str | int | float | bool | None
    expected: str
    message: str

    @classmethod
    def wrong_value(cls, field: str, value: Any, expected: str) -> Self:
        """A known field holds something outside its contract."""
        shown = _showable(value)
        message = f"field {field!r}: {json.dumps(shown)} is not allowed, expected {expected}"
        return cls(field, shown, expected, message)

    @classmethod
    def missing_field(cls, field: str, expected: str) -> Self:
        """A field that must be sent was not."""
        return cls(field, None, expected, f"field {field!r} is missing, expected {expected}")

    @classmethod
    def unknown_field(cls, field: str, value: Any, expected: str) -> Self:
        """The contract has no such field."""
        name = field[:SHOWN_CHARACTERS]
        return cls(name, _showable(value), expected, f"field {name!r} is unknown: {expected}")

    @classmethod
    def of_body(cls, expected: str) -> Self:
        """The body as a whole is of the wrong kind."""
        return cls("(body)", None, expected, f"the body is of the wrong kind: {expected}")


def _showable(value: Any) -> str | int | float | bool | None:
    """Return `value` in a form that always fits into a short, valid JSON answer."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    text = value if isinstance(value, str) else _compact(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _compact(value: Any) -> str:
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return f"a value of type {type(value).__name__}"


class ApiError(Exception):
    """Base of all refusals; `status` and `kind` belong to the class, the sentence to the case."""

    status = 500
    kind = "internal"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = list(problems[:SHOWN_PROBLEMS])


class MalformedBody(ApiError):
    """The body is not JSON."""

    status = 400
    kind = "malformed"

    def __init__(self, detail: str) -> None:
        super().__init__(f"The body is not valid JSON: {detail}.")


class BodyTooLarge(ApiError):
    """The body, or one encounter in it, is far larger than it can be."""

    status = 413
    kind = "too_large"

    def __init__(self, limit: int, what: str = "one encounter") -> None:
        super().__init__(f"The body is too large: {what} takes at most {limit:,} bytes.")


class NotJson(ApiError):
    """The body says it is something other than JSON."""

    status = 415
    kind = "not_json"

    def __init__(self, content_type: str) -> None:
        shown = content_type[:SHOWN_CHARACTERS]
        super().__init__(f"Content-Type {shown!r} is not understood; send application/json.")


class UploadTooSlow(ApiError):
    """A file that does not come, or hardly."""

    status = 408
    kind = "too_slow"

    def __init__(self, received: int, seconds: int) -> None:
        super().__init__(
            f"The file was given up after {received:,} bytes: in {seconds} s nothing came, or"
            " all of it came too slowly; send it again over a faster connection."
        )


class InvalidEncounter(ApiError):
    """Fields of the encounter are missing, unknown or wrong."""

    status = 422
    kind = "invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        named = "; ".join(problem.message for problem in problems[:IN_MESSAGE])
        more = len(problems) - IN_MESSAGE
        super().__init__(named + (f"; and {more} more" if more > 0 else "") + ".", problems)


class Unauthorized(ApiError):
    """A key is needed and none came, or the one that came is not known."""

    status = 401
    kind = "unauthorized"

    def __init__(self) -> None:
        super().__init__(
            "A key is needed in the header X-API-Key, and none came or it is not known;"
            " ask whoever runs the service for one."
        )


class Forbidden(ApiError):
    """The key is known and does not suffice."""

    status = 403
    kind = "forbidden"

    def __init__(self, role: str) -> None:
        super().__init__(f"This needs a key with the role {role!r}; the one that came has not.")


class TooMany(ApiError):
    """The caller asks faster than allowed."""

    status = 429
    kind = "too_many"

    def __init__(self, per_second: int) -> None:
        super().__init__(f"At most {per_second:,} requests a second are answered; wait a second.")


class TooManyFiles(ApiError):
    """As many files as may be are being answered."""

    status = 429
    kind = "too_many_files"

    def __init__(self, at_once: int) -> None:
        super().__init__(
            f"{at_once} files are being answered, and no more at once; try again in a minute."
        )


class UnknownFormat(ApiError):
    """A file of encounters in none of the formats that are read."""

    status = 415
    kind = "media_type"

    def __init__(self, content_type: str, known: Sequence[str]) -> None:
        shown = content_type[:SHOWN_CHARACTERS]
        super().__init__(
            f"Content-Type {shown!r} is not understood; send one of {', '.join(known)}."
        )


class UnreadableFile(ApiError):
    """A file that is not what its content type says."""

    status = 400
    kind = "malformed"


class NothingToRollBackTo(ApiError):
    """There is no version before the one in production."""

    status = 409
    kind = "rollback_failed"


class RegistryAway(ApiError):
    """MLflow, or the store behind it, did not do its part."""

    status = 503
    kind = "registry_away"

    def __init__(self) -> None:
        super().__init__("MLflow did not answer; check that it and its object store are running.")


class QualityAway(ApiError):
    """What the gates say cannot be read."""

    status = 503
    kind = "quality_away"


class NoModelLoaded(ApiError):
    """Nothing is loaded that could answer."""

    status = 503
    kind = "no_model"


class AboutToEnd(ApiError):
    """The process has been told to stop."""

    status = 503
    kind = "draining"

    def __init__(self) -> None:
        super().__init__("The service has been told to stop; another one may answer.")


class NothingToLoad(ApiError):
    """A reload was asked for and the registry has no model behind the alias."""

    status = 409
    kind = "reload_failed"


class ReloadFailed(ApiError):
    """A reload was asked for and the model could not be loaded."""

    status = 503
    kind = "reload_failed"


REFUSAL_KINDS = tuple(
    sorted({"internal"} | {refusal.kind for refusal in ApiError.__subclasses__()})
)
"""Every kind there is, so that a metric can name them all before the first one happens."""

FAULTS = tuple(
    sorted(
        {500} | {refusal.status for refusal in ApiError.__subclasses__() if refusal.status >= 500}
    )
)
"""Every status that says the service failed, and not its caller; for the same reason."""


def kind_of(error: Exception) -> str:
    """Return the kind that the answer to an error has."""
    if isinstance(error, RequestValidationError):
        return InvalidEncounter.kind
    return error.kind if isinstance(error, ApiError) else ApiError.kind
