"""Why a model could not be loaded, for users who see neither log nor code."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from api.errors import ApiError
from readmission.errors import ReadmissionError


@dataclass(frozen=True)
class LoadFailure:
    """When and why the last attempt to load a model failed, in a sentence."""

    at: datetime
    message: str

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return the failure that an error means."""
        message = f"The model could not be loaded ({type(error).__name__}); see the service's log."
        if is_expected(error):
            message = f"{str(error).rstrip('.')}."
        return cls(datetime.now(UTC), message)


def is_expected(error: Exception) -> bool:
    """Whether the error has a message for users."""
    return isinstance(error, ReadmissionError | ApiError)
