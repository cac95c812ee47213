"""The base of all error responses."""

from collections.abc import Sequence

from api.errors.problems import Problem

MAX_PROBLEMS = 60
"""Problems per response. An encounter has fewer fields; a hostile body may have many more."""


class ApiError(Exception):
    """Base of all errors: the class has status, kind and title, an instance has the message."""

    status = 500
    kind = "internal"
    title = "The service failed"
    retry_after: int | None = None

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = list(problems[:MAX_PROBLEMS])
