"""The shapes of the answers, for OpenAPI."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from readmission.domain import schema

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
    risk_percentile: int = Field(
        ge=0,
        le=100,
        description=(
            "How many of 100 patients have a lower risk of coming back within 30 days, among "
            "those set aside to check the model, from whom it has not learned."
        ),
    )
    request_id: str


class Contribution(Answer):
    """What one field adds to each class."""

    field: str = Field(examples=["number_inpatient"])
    label: str = Field(examples=["Inpatient stays in the year before"])
    value: str | int
    by_class: dict[ClassName, float] = Field(
        description="Above zero speaks for the class, below against it."
    )


class ExplanationAnswer(PredictionAnswer):
    """A prediction and what drove it; base and contributions add up to the model's score."""

    unit: Literal["log-odds", "probability"]
    base: dict[ClassName, float]
    contributions: list[Contribution] = Field(description="What weighs most for <30 comes first.")


class BatchLine(Answer):
    """One line of the answer to a file: a prediction, a refusal, or the summary at the end."""

    row: int | None = Field(None, description="Number of the row, from 0.", examples=[0])
    predicted_class: ClassName | None = None
    meaning: str | None = None
    probabilities: dict[ClassName, float] | None = None
    risk_percentile: int | None = None
    error: str | None = None
    message: str | None = None
    problems: list["ProblemAnswer"] | None = None
    summary: dict[str, Any] | None = None


class Card(Answer):
    """What people should know of a model, as it was at training."""

    family: str = Field(examples=["xgboost"])
    title: str = Field(examples=["XGBoost"])
    trained_at: datetime
    data: dict[str, Any]
    metrics: dict[str, float] = Field(description="On validation patients.")
    decision_weights: dict[ClassName, float]
    importance: dict[str, float] = Field(description="Share of each field, largest first.")
    capacity: list[dict[str, float]] = Field(
        description="What following up the riskiest patients would catch, for 0 to 100 % of them."
    )
    intended_use: str
    limits: list[str]


class ModelAnswer(ModelReference):
    """The model that answers."""

    run_id: str
    runtime: Literal["compiled", "pipeline"]
    loaded_at: datetime
    since: str | None = Field(description="When the verdict fell that put it into production.")
    verdict_reason: str | None
    test: dict[str, float] = Field(description="On test patients, at its promotion.")
    card: Card


class VersionAnswer(Answer):
    """One registered version."""

    version: str = Field(examples=["3"])
    family: str | None = Field(examples=["xgboost"])
    batch_id: str | None = Field(examples=["batch-0003"])
    data_source: str | None = Field(examples=["uci"])
    verdict: str | None = Field(examples=["promoted"])
    verdict_reason: str | None = Field(examples=["better: weighted F1 0.5734 against 0.5713"])
    decided_at: str | None
    aliases: list[str]
    test: dict[str, float]


class CandidateAnswer(Answer):
    """One of the models that competed after the newest batch."""

    family: str = Field(examples=["random_forest"])
    run_id: str = Field(examples=["0f3c9a7be0d14c0b8e5a3a1d2c4b6f80"])
    batch_id: str = Field(examples=["batch-0003"])
    metrics: dict[str, float] = Field(examples=[{"val_weighted_f1": 0.57}])
    registered_version: str | None


class HistoryAnswer(Answer):
    """All versions, the newest first, and the candidates of the newest batch."""

    versions: list[VersionAnswer]
    candidates: list[CandidateAnswer]


class ReloadAnswer(ModelReference):
    """The model that answers from now on."""

    status: Literal["reloaded"] = "reloaded"
    previous_version: str | None


class BatchQuality(Answer):
    """One batch, and what each gate said of it."""

    batch_id: str = Field(examples=["batch-0003"])
    rows: int = Field(examples=[15_000])
    clean: int = Field(examples=[14_997])
    quarantined: int = Field(examples=[3])
    gates: dict[str, Literal["pass", "warn", "fail", "none"]]


class ColumnDrift(Answer):
    """How far a column of the newest batch is from what the model was trained on."""

    batch_id: str = Field(examples=["batch-0003"])
    column: str = Field(examples=["payer_code"])
    psi: float = Field(description="Population stability index.", examples=[0.31])
    level: str = Field(examples=["strong"])


class QualityAnswer(Answer):
    """What the gates say of the batches."""

    published_at: datetime
    rows: dict[str, int] | None = Field(
        description="Encounters by where they are.",
        examples=[{"arrived": 15_000, "clean": 14_997, "quarantined": 3}],
    )
    lost: str = Field(description="What does not add up, else empty.", examples=[""])
    batches: list[BatchQuality]
    drift: list[ColumnDrift] = Field(description="Of the newest batch, the farthest first.")
    reports_url: str | None


class RollbackAnswer(ReloadAnswer):
    """The model that answers again."""

    status: Literal["rolled_back"] = "rolled_back"  # type: ignore[assignment]


class Failure(Answer):
    """The last attempt to load a model."""

    at: datetime
    message: str = Field(examples=["MLflow did not answer. Version 3 goes on answering."])


class Health(Answer):
    """The process is alive; a model may or may not be loaded."""

    status: Literal["alive"] = "alive"
    model_loaded: bool = Field(examples=[True])
    model_name: str | None = Field(examples=["diabetes_readmission"])
    model_version: str | None
    data_source: str | None
    runtime: Literal["compiled", "pipeline"] | None
    loaded_at: datetime | None
    last_reload_error: Failure | None


class Ready(ModelReference):
    """A model is loaded and answers."""

    status: Literal["ready"] = "ready"


class Home(Answer):
    """What this is and where to go."""

    service: str = Field(examples=["Readmission of diabetic patients"])
    model_name: str = Field(examples=["diabetes_readmission"])
    model_version: str | None
    data_source: str | None
    links: dict[str, str]


class FieldDescription(Answer):
    """One field of a request, with everything a form needs."""

    name: str = Field(examples=["number_inpatient"])
    label: str = Field(examples=["Inpatient stays in the year before"])
    meaning: str = Field(examples=["Inpatient stays in the year before."])
    section: str = Field(examples=["who"])
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


class Preset(Answer):
    """An encounter to start from."""

    name: str = Field(examples=["low"])
    title: str
    encounter: dict[str, str | int]


class Limits(Answer):
    """How much is taken at once."""

    file_mb: int = Field(description="Largest file of encounters, in MiB.", examples=[256])


class SchemaAnswer(Answer):
    """The contract of an encounter."""

    fields: list[FieldDescription]
    classes: dict[str, str] = Field(
        description="Each outcome and what it means; the last is the soonest return."
    )
    missing: str
    limits: Limits
    presets: list[Preset]
    version: str = Field(description="Changes when a feature's values or limits change.")


class ProblemAnswer(Answer):
    """What is wrong with one field."""

    field: str = Field(examples=["age"])
    value: Any = Field(examples=["[300-310)"])
    expected: str = Field(examples=["one of '[0-10)', '[10-20)', …"])
    message: str = Field(examples=["field 'age': \"[300-310)\" is not allowed, expected …"])


class Refusal(Answer):
    """The body of every answer that is not a success."""

    error: str = Field(description="Kind of refusal, stable.", examples=["invalid"])
    message: str = Field(
        description="A sentence for people.", examples=["field 'age' is missing, expected …."]
    )
    problems: list[ProblemAnswer]
    request_id: str
