"""Errors of a request: the caller can correct them."""

from collections.abc import Sequence

from api.errors.base import ApiError
from api.errors.problems import MAX_CHARACTERS, Problem
from readmission.settings import PREFIX

PROBLEMS_IN_MESSAGE = 3


class MalformedBody(ApiError):
    """The body is not JSON.

    Parameters
    ----------
    detail : str
        What the parser says.
    body : bytes
        What was sent; its first bytes may show why. The message repeats none of them.
    """

    status = 400
    kind = "malformed"
    title = "The body or file cannot be read"

    def __init__(self, detail: str, body: bytes = b"") -> None:
        super().__init__(f"The body is not valid JSON: {sent_as(body) or detail}.")


def sent_as(body: bytes) -> str:
    """Return what the first bytes show, if no parser of JSON can say it; else an empty text."""
    if body.startswith(b"\x1f\x8b"):
        return "it is packed with gzip; send it unpacked"
    if b"\0" in body[:4]:
        return "it is UTF-16 or UTF-32; send UTF-8"
    return "it is a page of HTML" if body[:64].lstrip().startswith(b"<") else ""


class UnknownHost(ApiError):
    """The Host header is not a name of this service."""

    status = 400
    kind = "host"
    title = "The host name is not allowed"

    def __init__(self) -> None:
        super().__init__(
            "The Host header does not name this service; use one of its names, or add the name to"
            f" {PREFIX}ALLOWED_HOSTS."
        )


class ForeignOrigin(ApiError):
    """A browser sent the request for a page of another website."""

    status = 403
    kind = "origin"
    title = "Pages of other websites are not allowed"

    def __init__(self) -> None:
        super().__init__(
            "The Origin header does not name this service: a page of another website sent this"
            f" request. If the website is yours, add its host name to {PREFIX}ALLOWED_HOSTS."
        )


class BodyTooLarge(ApiError):
    """The body, or one encounter in it, exceeds a size limit."""

    status = 413
    kind = "too_large"
    title = "The body is too large"

    def __init__(self, limit: int, what: str = "one encounter", unit: str = "bytes") -> None:
        super().__init__(f"The body is too large: {what} may have at most {limit:,} {unit}.")


class NotJson(ApiError):
    """The content type is not JSON."""

    status = 415
    kind = "not_json"
    title = "The content type is not JSON"

    def __init__(self, content_type: str) -> None:
        shown = content_type[:MAX_CHARACTERS]
        super().__init__(f"Content-Type {shown!r} is not supported; send application/json.")


class UploadTooSlow(ApiError):
    """An upload stalled or was too slow."""

    status = 408
    kind = "too_slow"
    title = "The upload timed out"

    def __init__(self, received: int, seconds: int) -> None:
        super().__init__(
            f"The upload timed out after {received:,} bytes: it stalled for {seconds} s or was"
            " too slow; send the file again over a faster connection."
        )


class InvalidEncounter(ApiError):
    """Fields of the encounter are missing, unknown or wrong.

    Parameters
    ----------
    problems : sequence of Problem
        What is wrong.
    total : int, optional
        The number of all problems, if `problems` has only the first ones.
    """

    status = 422
    kind = "invalid"
    title = "The request has missing, unknown or wrong fields"

    def __init__(self, problems: Sequence[Problem], total: int = 0) -> None:
        named = "; ".join(problem.message for problem in problems[:PROBLEMS_IN_MESSAGE])
        more = max(total, len(problems)) - PROBLEMS_IN_MESSAGE
        super().__init__(named + (f"; and {more} more" if more > 0 else "") + ".", problems)


class Unauthorized(ApiError):
    """The API key is missing or unknown."""

    status = 401
    kind = "unauthorized"
    title = "The API key is missing or unknown"

    def __init__(self) -> None:
        super().__init__(
            "The API key is missing or unknown; send a valid key in the header X-API-Key."
        )


class Forbidden(ApiError):
    """The role of the API key is too low."""

    status = 403
    kind = "forbidden"
    title = "The role of the API key is too low"

    def __init__(self, role: str) -> None:
        super().__init__(f"The API key lacks the role {role!r}; send a key that has it.")


class RateLimited(ApiError):
    """The caller exceeds its rate limit."""

    status = 429
    kind = "too_many"
    title = "The rate limit is exceeded"

    def __init__(self, limit: int, what: str = "requests per second", seconds: int = 1) -> None:
        super().__init__(f"At most {limit:,} {what} are allowed; retry in {seconds} s.")
        self.retry_after = seconds


class TooManyUploads(ApiError):
    """All upload slots are taken, or all that one caller may take."""

    status = 429
    kind = "too_many_files"
    title = "All upload slots are taken"
    retry_after = 60

    def __init__(self, slots: int, whose: str = "") -> None:
        super().__init__(f"All {slots} upload slots{whose} are taken; retry in a minute.")


class UnsupportedFormat(ApiError):
    """The service does not read files of this content type."""

    status = 415
    kind = "media_type"
    title = "The content type is not supported"

    def __init__(self, content_type: str, known: Sequence[str]) -> None:
        shown = content_type[:MAX_CHARACTERS]
        super().__init__(
            f"Content-Type {shown!r} is not supported; send one of {', '.join(known)}."
        )


class UnreadableFile(ApiError):
    """The file does not match its content type."""

    status = 400
    kind = "malformed"
    title = "The body or file cannot be read"
