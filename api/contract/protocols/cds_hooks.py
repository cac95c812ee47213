"""CDS Hooks 2.0: the services, the requests and the cards."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from api.contract.encounter import column_of
from api.contract.fhir.elements import Resource
from api.contract.fhir.mapping import ReadStay
from api.contract.fhir.resources import unpacked
from api.contract.form.description import label_of
from api.contract.predictions import ResponseModel
from api.contract.readings import TAKEN
from api.errors import InvalidEncounter, Problem
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Explanation

DISCHARGE, VIEW = "readmission-at-discharge", "readmission-in-chart"
SOURCE = "Readmission of diabetic patients"
OVERRIDE_REASONS: Mapping[str, str] = {
    "follow-up-arranged": "A follow-up is already arranged",
    "not-applicable": "Does not apply to this patient",
    "disagree": "I judge the risk differently",
    "no-capacity": "No capacity for a follow-up",
}
SUMMARY_LENGTH, DRIVERS, NAMED = 140, 3, 5
_SOON = schema.CLASSES.index("<30")
PREFETCH: Mapping[str, str] = {
    "patient": "Patient/{{context.patientId}}",
    "encounters": "Encounter?patient={{context.patientId}}",
    "conditions": "Condition?patient={{context.patientId}}",
    "laboratory": "Observation?patient={{context.patientId}}&category=laboratory",
    "medications": "MedicationRequest?patient={{context.patientId}}",
    "procedures": "Procedure?patient={{context.patientId}}",
}


class OverrideReason(ResponseModel):
    """Why a card was overridden: a reason of the card, and a comment that is not stored."""

    reason: dict[str, Any] | None = Field(None, examples=[{"code": "disagree"}])


class Service(ResponseModel):
    """A service of CDS Hooks."""

    id: str = Field(examples=[DISCHARGE])
    hook: str = Field(examples=["encounter-discharge"])
    title: str = Field(examples=["Risk of readmission at discharge"])
    description: str
    prefetch: dict[str, str] = Field(examples=[dict(PREFETCH)])


class Services(ResponseModel):
    """The services of this installation."""

    services: list[Service] = Field(examples=[[]])


class Cards(ResponseModel):
    """What the client shows to its user."""

    cards: list[dict[str, Any]] = Field(examples=[[{"summary": "…", "indicator": "info"}]])


def _service(name: str, hook: str, title: str) -> Service:
    description = (
        "Shows the risk that a patient with diabetes is readmitted within 30 days, and what drove"
        " it."
    )
    return Service(id=name, hook=hook, title=title, description=description, prefetch=PREFETCH)


SERVICES: Mapping[str, Service] = {
    service.id: service
    for service in (
        _service(DISCHARGE, "encounter-discharge", "Risk of readmission at discharge"),
        _service(VIEW, "patient-view", "Risk of readmission in the patient's chart"),
    )
}


def _in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC.

    Raises
    ------
    ValueError
        If it is before the year 1 or after 9999 there: PostgreSQL would store it, but no program
        could read the row, so nobody could export or erase its patient.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it should be between the years 1 and 9999 in UTC") from None


class Feedback(ResponseModel):
    """What a user did with one card; further fields, such as free text, are not stored."""

    card: UUID = Field(examples=["7f3c1c1e-0f2b-4c52-9d7e-1f6c7c9b2a10"])
    outcome: Literal["accepted", "overridden"] = Field(examples=["overridden"])
    override_reason: OverrideReason | None = Field(None, alias="overrideReason")
    outcome_timestamp: Annotated[AwareDatetime, AfterValidator(_in_utc)] = Field(
        alias="outcomeTimestamp", examples=["2026-03-06T09:30:00Z"]
    )

    @property
    def reason(self) -> str | None:
        """The code of the reason; `other` if the card does not offer it."""
        given = self.override_reason
        if given is None or self.outcome == "accepted":
            return None
        code = str(given.reason.get("code")) if given.reason else None
        return code if code in OVERRIDE_REASONS else "other"


class FeedbackRequest(ResponseModel):
    """Feedback about one or several cards."""

    feedback: list[Feedback] = Field(
        min_length=1,
        max_length=100,
        examples=[
            [
                {
                    "card": "7f3c1c1e-0f2b-4c52-9d7e-1f6c7c9b2a10",
                    "outcome": "accepted",
                    "outcomeTimestamp": "2026-03-06T09:30:00Z",
                }
            ]
        ],
    )


class FeedbackResponse(ResponseModel):
    """How much feedback is new; the same feedback is stored once."""

    stored: int = Field(examples=[1])


@dataclass(frozen=True)
class HookRequest:
    """What a client sends when a hook fires: resources, and the stay in progress, if known."""

    resources: list[Resource]
    encounter_id: str | None


def read_request(body: Mapping[str, Any], service: Service) -> HookRequest:
    """Return the request; `resources` are empty if the client sent no prefetch.

    Raises
    ------
    InvalidEncounter
        If the body is for another hook.
    """
    if body.get("hook") != service.hook:
        raise InvalidEncounter([Problem.wrong_value("hook", body.get("hook"), f"{service.hook!r}")])
    context, prefetch = body.get("context"), body.get("prefetch")
    named = context.get("encounterId") if isinstance(context, dict) else None
    parts = prefetch.values() if isinstance(prefetch, dict) else ()
    resources = [resource for part in parts for resource in unpacked(part)]
    return HookRequest(resources, named if isinstance(named, str) else None)


def card_id(request_id: str) -> str:
    """Return the id of the card of a request; PostgreSQL computes it as ``md5(…)::uuid``."""
    return str(UUID(md5(request_id.encode(), usedforsecurity=False).hexdigest()))


def card(
    request_id: str,
    line: Mapping[str, Any],
    drivers: Sequence[str],
    read: ReadStay,
    page_url: str | None,
) -> dict[str, Any]:
    """Return the card of a prediction.

    Parameters
    ----------
    request_id : str
        Its request in the prediction log.
    line : mapping
        The prediction, as a line of a file of predictions.
    drivers : sequence of str
        What drove it, in words.
    read : ReadStay
        How the record was read: what is missing in it, and what was limited or not counted.
    page_url : str, optional
        The clinicians' page, to which the card links.
    """
    risk = line["probabilities"]["<30"]
    summary = f"{risk:.0%} risk of readmission within 30 days, higher than"
    summary += f" {line['risk_percentile']} of 100 patients with diabetes"
    missing = list(read.missing)
    more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    detail = ["**What drove it**", "", *(f"- {driver}" for driver in drivers)]
    if missing:
        detail += ["", f"Not in the record: {', '.join(missing[:NAMED])}{more}."]
    if read.approximations:
        detail += ["", f"How it was read: {'; '.join(read.approximations)}."]
    if line["follow_up"] is not None:
        reaches = "reaches" if line["follow_up"] else "is below"
        detail += ["", f"The risk {reaches} the threshold of follow-up."]
    if line["history"]:
        used = "" if line["history"] in TAKEN else " not"
        detail += ["", f"Earlier stays of the patient were{used} taken into account."]
    links = [{"label": "Open the readmission page", "url": page_url, "type": "absolute"}]
    return {
        "uuid": card_id(request_id),
        "summary": summary[:SUMMARY_LENGTH],
        "indicator": "warning" if line["predicted_class"] == "<30" else "info",
        "detail": "\n".join(detail),
        "source": {"label": SOURCE},
        "overrideReasons": [
            {"code": code, "display": text} for code, text in OVERRIDE_REASONS.items()
        ],
        **({"links": links} if page_url else {}),
    }


def drivers_of(explanation: Explanation, encounter: Encounter) -> Iterator[str]:
    """Yield the fields with the largest effect on the risk within 30 days, in words."""
    effects = {name: scores[_SOON] for name, scores in explanation.contributions.items()}
    for name in sorted(effects, key=lambda name: -abs(effects[name]))[:DRIVERS]:
        direction = "raises" if effects[name] > 0 else "lowers"
        label = label_of(column_of(name))
        between = " " if label.endswith("?") else ": "
        yield f"{label}{between}{encounter[name]}, which {direction} the risk"
