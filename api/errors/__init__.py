"""All error responses of the service: status, kind, title and message of each."""

import logging

from fastapi.exceptions import RequestValidationError

from api.errors.base import ApiError
from api.errors.problems import Problem
from api.errors.requests import (
    BodyTooLarge,
    Forbidden,
    ForeignOrigin,
    InvalidEncounter,
    MalformedBody,
    NotJson,
    RateLimited,
    TooManyUploads,
    Unauthorized,
    UnknownHost,
    UnreadableFile,
    UnsupportedFormat,
    UploadTooSlow,
)
from api.errors.service import (
    Draining,
    LiveFiguresUnavailable,
    NoModelLoaded,
    NoProductionModel,
    QualityUnavailable,
    RegistryRefused,
    RegistryUnavailable,
    ReloadFailed,
    RollbackFailed,
)

__all__ = [
    "ERROR_KINDS",
    "SERVER_ERROR_STATUSES",
    "ApiError",
    "BodyTooLarge",
    "Draining",
    "Forbidden",
    "ForeignOrigin",
    "InvalidEncounter",
    "LiveFiguresUnavailable",
    "MalformedBody",
    "NoModelLoaded",
    "NoProductionModel",
    "NotJson",
    "Problem",
    "QualityUnavailable",
    "RateLimited",
    "RegistryRefused",
    "RegistryUnavailable",
    "ReloadFailed",
    "RollbackFailed",
    "TooManyUploads",
    "Unauthorized",
    "UnknownHost",
    "UnreadableFile",
    "UnsupportedFormat",
    "UploadTooSlow",
    "kind_of",
    "log",
]

log = logging.getLogger("readmission.api")

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
