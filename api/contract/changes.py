"""Requests that change what the service does, and the responses to them."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from api.contract.predictions import ModelReference, ResponseModel
from readmission.domain.production import Production
from readmission.warehouse.audit.events import signed


def _in_the_future(until: datetime) -> datetime:
    """Return a time in UTC; without a time zone it is taken as UTC."""
    moment = until.replace(tzinfo=UTC) if until.tzinfo is None else until.astimezone(UTC)
    if moment <= datetime.now(UTC):
        raise ValueError("the time is in the past")
    return moment.replace(microsecond=0)


Version = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}$", examples=["3"])]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=500, examples=["checked on the patients of ward 4 by Dr. Osei"]),
]
By = Annotated[
    str | None,
    Field(
        max_length=100,
        pattern=r"^[^:,\x00-\x1f]+$",
        description="Who decided; recorded beside the name of the key.",
        examples=["Dr. Osei"],
    ),
]


class ChangeRequest(ResponseModel):
    """Who requests a change, and why."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    by: By = None

    def signed(self, key: str) -> str:
        """Return who decided, with the name of the API key."""
        return signed(self.by, key)


class RollbackRequest(ChangeRequest):
    """An earlier version to keep in production, and why."""

    to: Version | None = Field(None, description="By default the previous version.")
    until: Annotated[datetime, AfterValidator(_in_the_future)] | None = Field(
        None,
        description="When promotion may replace the version again, in UTC unless it names a time"
        " zone; a date is its first moment. By default when the pin is removed.",
        examples=["2099-01-31"],
    )

    def is_done(self, production: Production, by: str) -> bool:
        """Whether this request has already set the pin and moved the alias."""
        pin = production.pin
        if pin is None or production.aliased != pin.version:
            return False
        same = (pin.by, pin.reason, pin.until) == (by, self.reason, self.until)
        return same and self.to in (None, pin.version)


class PromoteRequest(ChangeRequest):
    """A version to put into production, and why."""

    version: Version


class UnpinRequest(ChangeRequest):
    """Why promotion may replace the pinned version again."""


class ReloadResponse(ModelReference):
    """The champion after a reload."""

    status: Literal["reloaded"] = "reloaded"
    previous_version: str | None


class RollbackResponse(ReloadResponse):
    """The champion after a rollback."""

    status: Literal["rolled_back"] = "rolled_back"  # type: ignore[assignment]
    pinned: str = Field(
        description="The pin, which promotion respects.",
        examples=["version 3 is pinned by Dr. Osei (admin): too many …"],
    )


class PromoteResponse(ReloadResponse):
    """The champion after a promotion by hand."""

    status: Literal["promoted"] = "promoted"  # type: ignore[assignment]


class UnpinResponse(ResponseModel):
    """The pin that was removed."""

    status: Literal["unpinned"] = "unpinned"
    was: str = Field(examples=["version 3 is pinned by Dr. Osei (admin): too many …"])


Risk = Annotated[
    float | None,
    Field(
        ge=0,
        le=1,
        description="Risk of readmission within 30 days from which a patient is followed up.",
        examples=[0.182],
    ),
]
Patients = Annotated[
    int | None,
    Field(ge=0, le=1_000_000, description="Patients per day, for the record.", examples=[8]),
]


class FollowUpRequest(ChangeRequest):
    """The risk from which patients are followed up, and why; null ends the stored one."""

    threshold: Risk
    followed: Patients = None
    discharged: Patients = None

    @model_validator(mode="after")
    def _followed_are_discharged(self) -> Self:
        known = self.followed is not None and self.discharged is not None
        if known and self.followed > self.discharged:  # type: ignore[operator]
            raise ValueError("more patients are followed up than discharged")
        return self


class FollowUpResponse(ResponseModel):
    """The stored threshold."""

    threshold: Risk
    followed: Patients
    discharged: Patients
    decided_by: str | None = Field(examples=["Dr. Osei (admin)"])
    why: str | None = Field(examples=["two nurses for phone calls"])
    decided_at: datetime | None
