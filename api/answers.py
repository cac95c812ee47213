"""The shapes of the answers, for OpenAPI."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from readmission import schema

ClassName = Literal[schema.CLASSES]  # type: ignore[valid-type]


class Answer(BaseModel):
    """Base: our names start with `model_` where MLflow's do."""

    model_config = ConfigDict(protected_namespaces=())


class ModelReference(Answer):
    """Which model answered."""

    model_name: str = Field(examples=["diabetes_readmission"])
    model_version: str = Field(examples=["3"])
    data_source: str = Field(description="What it was trained on.", examples=["uci", "synthetic"])


class PredictionAnswer(ModelReference):
    """Whether, and how soon, the patient is expected back."""

    predicted_class: ClassName = Field(
        description=(
            "The decision. It weighs the rarer outcomes more, so it is not always the class "
            "with the largest probability."
        )
    )
    meaning: str = Field(examples=["Readmitted after more than 30 days"])
    probabilities: dict[ClassName, float] = Field(
        examples=[{name: round(1 / len(schema.CLASSES), 2) for name in schema.CLASSES}]
    )
    request_id: str


class ReloadAnswer(ModelReference):
    """The model that answers from now on."""

    status: Literal["reloaded"] = "reloaded"
    previous_version: str | None


class Failure(Answer):
    """The last attempt to load a model."""

    at: datetime
    message: str


class Health(Answer):
    """The process is alive; a model may or may not be loaded."""

    status: Literal["alive"] = "alive"
    model_loaded: bool
    model_name: str | None
    model_version: str | None
    data_source: str | None
    loaded_at: datetime | None
    last_reload_error: Failure | None


class Ready(ModelReference):
    """A model is loaded and answers."""

    status: Literal["ready"] = "ready"


class Home(Answer):
    """What this is and where to go."""

    service: str
    model_name: str
    model_version: str | None
    data_source: str | None
    links: dict[str, str]


class FieldDescription(Answer):
    """One field of a request, with everything a form needs."""

    name: str
    label: str
    meaning: str
    section: str
    medicine: bool = Field(description="Whether this is the dose of one diabetes medicine.")
    kind: str
    required: bool
    nullable: bool
    open_set: bool = Field(description="Whether values beyond those listed are acceptable.")
    values: dict[str, str] = Field(description="Each value and what it means.")
    minimum: int | None
    maximum: int | None
    pattern: str | None
    example: str | int
    expected: str


class SchemaAnswer(Answer):
    """The contract of an encounter."""

    fields: list[FieldDescription]
    classes: dict[str, str]
    missing: str


class ProblemAnswer(Answer):
    """What is wrong with one field."""

    field: str
    value: Any
    expected: str
    message: str


class Refusal(Answer):
    """The body of every answer that is not a success."""

    error: str = Field(description="Kind of refusal, stable.")
    message: str = Field(description="A sentence for people.")
    problems: list[ProblemAnswer]
    request_id: str
