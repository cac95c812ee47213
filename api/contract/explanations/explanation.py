"""Responses of `POST /explain`: what drove a prediction, and what would change it."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from api.contract.encounter import column_of
from api.contract.explanations.what_if import Alternative
from api.contract.form.description import label_of
from api.contract.predictions import (
    NOT_ELIGIBLE,
    ClassName,
    PredictionResponse,
    ResponseModel,
    by_class,
)
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Explanation, Prediction

ASSOCIATION = (
    "Association, not cause: the model compares patients who had this value with others. It does"
    " not say that changing the value would change the outcome."
)
_SOON = schema.CLASSES.index("<30")


class Contribution(ResponseModel):
    """What one field adds to the score of each class."""

    field: str = Field(examples=["number_inpatient"])
    label: str = Field(examples=["Inpatient stays in the year before"])
    value: str | int
    by_class: dict[ClassName, float] = Field(
        description="Positive values raise the score of a class, negative values lower it."
    )


class WhatIfValue(ResponseModel):
    """The prediction with another value of one field; all other fields are as sent."""

    value: str | int = Field(description="As the contract writes it.", examples=["Up"])
    predicted_class: ClassName | None = Field(examples=["NO"])
    probabilities: dict[ClassName, float] | None = Field(
        description="Null if the patient would not be eligible with this value.",
        examples=[by_class((0.6, 0.31, 0.09))],
    )
    change: dict[ClassName, float] | None = Field(
        description="Probabilities minus those of the encounter as sent; comparable across"
        " models, unlike contributions.",
        examples=[by_class((-0.02, 0.01, 0.01))],
    )
    note: str | None = Field(
        description="Why there is no prediction, and what the value was read as; null if neither."
    )


class WhatIfField(ResponseModel):
    """The predictions with other values of one field."""

    field: str = Field(examples=["insulin"])
    label: str = Field(examples=["Insulin"])
    value: str | int = Field(description="The encounter's own value.", examples=["Steady"])
    values: list[WhatIfValue] = Field(description="In the order of the request.")


class WhatIfFields(ResponseModel):
    """How the probabilities differ when one field has another value."""

    meaning: str = Field(description="How to read it.", examples=[ASSOCIATION])
    fields: list[WhatIfField]


class ExplanationFields(ResponseModel):
    """What drove a prediction; base and contributions add up to the model's score."""

    unit: Literal["log-odds", "probability"] | None = Field(
        description="The unit in which the model adds up, and so that of base and contributions."
    )
    base: dict[ClassName, float] | None = Field(description="Score before any field is known.")
    contributions: list[Contribution] = Field(
        description="Largest effect on <30 first; empty if there is no prediction."
    )
    what_if: WhatIfFields | None = Field(
        None, description="Null if the request has no `what_if`, or if there is no prediction."
    )


class ExplanationResponse(ExplanationFields, PredictionResponse):
    """A prediction and what drove it; base and contributions add up to the model's score."""


def read_explanation(explanation: Explanation | None, encounter: Encounter) -> ExplanationFields:
    """Return the fields of an explanation, with the largest effect on <30 days first."""
    if explanation is None:
        return ExplanationFields(unit=None, base=None, contributions=[])
    contributions = sorted(explanation.contributions.items(), key=lambda item: -abs(item[1][_SOON]))
    return ExplanationFields(
        unit=explanation.unit,
        base=by_class(explanation.base),
        contributions=[
            Contribution(
                field=name,
                label=label_of(column_of(name)),
                value=encounter[name],
                by_class=by_class(scores),
            )
            for name, scores in contributions
        ],
    )


def read_what_if(
    alternatives: Sequence[Alternative],
    predictions: Sequence[Prediction | None],
    encounter: Encounter,
    prediction: Prediction,
) -> WhatIfFields | None:
    """Return the predictions of all alternatives by field; None if there are no alternatives."""
    values: dict[str, list[WhatIfValue]] = {}
    for alternative, found in zip(alternatives, predictions, strict=True):
        values.setdefault(alternative.field, []).append(_value(alternative, found, prediction))
    if not values:
        return None
    fields = [
        WhatIfField(
            field=name, label=label_of(column_of(name)), value=encounter[name], values=found
        )
        for name, found in values.items()
    ]
    return WhatIfFields(meaning=ASSOCIATION, fields=fields)


def _value(
    alternative: Alternative, found: Prediction | None, prediction: Prediction
) -> WhatIfValue:
    value, remark = alternative.encounter[alternative.field], alternative.remark
    if found is None:
        note = "; ".join(filter(None, (NOT_ELIGIBLE, remark)))
        nothing = dict.fromkeys(("predicted_class", "probabilities", "change"))
        return WhatIfValue(value=value, note=note, **nothing)
    pairs = zip(found.probabilities, prediction.probabilities, strict=True)
    return WhatIfValue(
        value=value,
        predicted_class=found.predicted_class,
        probabilities=by_class(found.probabilities),
        change=by_class([new - old for new, old in pairs]),
        note=remark,
    )
