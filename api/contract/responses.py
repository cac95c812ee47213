"""Response models of all endpoints except predictions, which are in `api.contract.predictions`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.contract.predictions import ClassName, ModelReference, ResponseModel
from readmission import __version__
from readmission.domain.production import CriterionStatus
from readmission.modelling.families import FAMILIES
from readmission.quality.catalogue import GATES
from readmission.warehouse.predictions.live_figures import LiveFigure
from readmission.warehouse.verdicts import NOT_RUN, Status

TITLES = [family.title for family in FAMILIES.values()]
STATUSES = (*(status.value for status in Status), NOT_RUN)
StatusName = Literal[STATUSES]  # type: ignore[valid-type]
CRITERION_STATUSES = tuple(status.value for status in CriterionStatus)
CriterionVerdict = Literal[CRITERION_STATUSES]  # type: ignore[valid-type]

Manual = Annotated[
    bool, Field(description="Whether somebody moved the alias to this version by hand.")
]
MovedByHand = Annotated[
    str | None,
    Field(
        description="What somebody did to the alias production, and the command that accepts it."
    ),
]

Pinned = Annotated[
    str | None,
    Field(
        description="The version that a rollback has pinned, until when, by whom and why.",
        examples=["version 3 is pinned until 2027-01-31 00:00 UTC by Dr. Osei (admin): too many …"],
    ),
]
WaitingForFirstModel = Annotated[
    bool, Field(description="Whether the registry says that no model has been promoted yet.")
]


class ModelCard(ResponseModel):
    """What users should know about a model, as of its training."""

    family: str = Field(examples=list(FAMILIES))
    title: str = Field(examples=TITLES)
    trained_at: datetime
    data: dict[str, Any]
    metrics: dict[str, float] = Field(description="On validation patients.")
    decision_weights: dict[ClassName, float]
    importance: dict[str, float] = Field(description="Share of each field, largest first.")
    capacity: list[dict[str, float]] = Field(
        description="Readmissions found by following up the riskiest 0 to 100 % of patients."
    )
    intended_use: str
    limits: list[str]
    report: dict[str, Any] = Field(
        default_factory=dict,
        description="Intervals, subgroups, calibration, decision curve, demographics, features and"
        " criteria, on validation patients; empty for models of earlier releases.",
    )
    release: str | None = Field(None, description="Of this project, which trained the model.")


class ModelResponse(ModelReference):
    """The champion and its card."""

    run_id: str
    runtime: Literal["compiled"]
    loaded_at: datetime
    since: str | None = Field(description="Time of the verdict that promoted it.")
    verdict_reason: str | None
    test: dict[str, float] = Field(description="Metrics on test patients, at its promotion.")
    manual: Manual
    moved_by_hand: MovedByHand
    pinned: Pinned
    card: ModelCard


class CriterionResult(ResponseModel):
    """The result of one criterion of a verdict."""

    name: str = Field(examples=["log_loss"])
    verdict: CriterionVerdict = Field(description="A criterion that is reported did not decide.")
    sentence: str = Field(
        description="Its figure, 95 % interval and limit.",
        examples=["difference in log-loss -0.0126 (95 % interval -0.0151 to -0.0101), limit: …"],
    )


class ModelVersion(ResponseModel):
    """One registered version."""

    version: str = Field(examples=["3"])
    family: str | None = Field(examples=list(FAMILIES))
    title: str | None = Field(description="Name of the family.", examples=TITLES)
    batch_id: str | None = Field(examples=["batch-0003"])
    data_source: str | None = Field(examples=["uci"])
    verdict: str | None = Field(examples=["promoted"])
    verdict_reason: str | None = Field(examples=["better: difference in log-loss -0.0126 …"])
    criteria: list[CriterionResult] = Field(
        description="The criteria of the verdict; those in groups of patients are one of them."
    )
    decided_at: str | None
    aliases: list[str]
    manual: Manual
    test: dict[str, float]


class Candidate(ResponseModel):
    """One of the models trained on the newest batch."""

    family: str = Field(examples=list(FAMILIES))
    title: str = Field(description="Name of the family.", examples=TITLES)
    run_id: str = Field(examples=["0f3c9a7be0d14c0b8e5a3a1d2c4b6f80"])
    batch_id: str = Field(examples=["batch-0003"])
    metrics: dict[str, float] = Field(examples=[{"val_weighted_f1": 0.57}])
    registered_version: str | None


class ModelHistory(ResponseModel):
    """All registered versions, newest first, and the candidates of the newest batch."""

    versions: list[ModelVersion]
    candidates: list[Candidate]


class LiveFigures(ResponseModel):
    """How the versions did on outcomes that became known after their predictions."""

    measured_at: datetime | None = Field(description="Null as long as no outcome is known.")
    days: int = Field(description="Largest age of the predictions.", examples=[30])
    figures: list[LiveFigure] = Field(
        description="`against` names the champion if a version ran in shadow; else it is empty.",
        examples=[[LiveFigure("3", "", "gender", "Female", "log_loss", 0.861, 0.842, 0.88)]],
    )


class GateDescription(ResponseModel):
    """One of the pipeline's gates."""

    name: str = Field(description="Key of its results.", examples=[gate.name for gate in GATES])
    title: str = Field(description="Display name.", examples=[gate.title for gate in GATES])


class StatusDescription(ResponseModel):
    """One of the results that a gate can have."""

    name: StatusName = Field(examples=[Status.PASSED.value])
    title: str = Field(description="Display name.", examples=["passed"])
    mark: str = Field(description="A sign that needs no colour.", examples=["✓"])


class BatchQuality(ResponseModel):
    """One batch and the result of each gate."""

    batch_id: str = Field(examples=["batch-0003"])
    rows: int = Field(examples=[15_000])
    clean: int = Field(examples=[14_997])
    quarantined: int = Field(examples=[3])
    repeated: int = Field(
        0, description="Rows that had already arrived in an earlier delivery.", examples=[0]
    )
    gates: dict[str, StatusName] = Field(
        description="Result of each gate by its name.",
        examples=[{gate.name: Status.PASSED.value for gate in GATES}],
    )
    stopped_by: list[str] = Field(description="Names of the gates that it failed.", examples=[[]])
    acknowledged: dict[str, int] = Field(
        default_factory=dict,
        description="How many warnings of each gate somebody has acknowledged.",
        examples=[{"raw": 1}],
    )


class ColumnDrift(ResponseModel):
    """How far a column of the newest batch has drifted from the training data."""

    batch_id: str = Field(examples=["batch-0003"])
    column: str = Field(examples=["payer_code"])
    psi: float = Field(description="Population stability index.", examples=[0.31])
    level: str = Field(examples=["strong"])


class QualityResponse(ResponseModel):
    """Totals, the result of each gate for each batch, and drift."""

    published_at: datetime
    rows: dict[str, int] | None = Field(
        description="Encounters by stage.",
        examples=[{"raw": 15_000, "clean": 14_997, "quarantined": 3}],
    )
    lost: str = Field(description="Rows that do not add up; empty if all do.", examples=[""])
    gates: list[GateDescription] = Field(description="In the order in which a batch meets them.")
    statuses: list[StatusDescription]
    batches: list[BatchQuality]
    drift: list[ColumnDrift] = Field(description="In the newest batch, largest first.")
    reports_url: str | None


class LoadFailure(ResponseModel):
    """The last failed attempt to load a model."""

    at: datetime
    message: str = Field(examples=["MLflow did not respond. Version 3 stays the champion."])


class HealthResponse(ResponseModel):
    """The process is alive; a model may or may not be loaded."""

    status: Literal["alive"] = "alive"
    version: str = Field(__version__, description="Of this service.", examples=[__version__])
    model_loaded: bool = Field(examples=[True])
    waiting_for_first_model: WaitingForFirstModel
    model_name: str | None = Field(examples=["diabetes_readmission"])
    model_version: str | None
    data_source: str | None
    runtime: Literal["compiled"] | None
    loaded_at: datetime | None
    last_reload_error: LoadFailure | None
    moved_by_hand: MovedByHand
    pinned: Pinned


class ReadyResponse(ResponseModel):
    """A model is loaded, or the registry has no production model yet."""

    status: Literal["ready"] = "ready"
    model_loaded: bool = Field(examples=[True])
    waiting_for_first_model: WaitingForFirstModel
    model_name: str | None = Field(examples=["diabetes_readmission"])
    model_version: str | None
    data_source: str | None
    moved_by_hand: MovedByHand


class ServiceDescription(ResponseModel):
    """The service, its champion and its endpoints."""

    service: str = Field(examples=["Readmission of diabetic patients"])
    model_name: str = Field(examples=["diabetes_readmission"])
    model_version: str | None
    data_source: str | None
    links: dict[str, str]


class FieldDescription(ResponseModel):
    """One field of a request, with everything that a form needs."""

    name: str = Field(examples=["number_inpatient"])
    label: str = Field(examples=["Inpatient stays in the year before"])
    meaning: str = Field(examples=["Inpatient stays in the year before."])
    section: str = Field(examples=["Year before this stay"])
    medicine: bool = Field(description="Whether the field is the dose of a diabetes medicine.")
    kind: str
    required: bool
    nullable: bool
    modifiable: bool = Field(description="Whether a what-if of `POST /explain` may change it.")
    open_set: bool = Field(description="Whether values beyond those listed are accepted.")
    values: dict[str, str] = Field(description="Each value and its meaning.")
    minimum: int | None
    maximum: int | None
    pattern: str | None
    example: str | int
    expected: str


class Preset(ResponseModel):
    """An encounter to start from."""

    name: str = Field(examples=["low"])
    title: str
    encounter: dict[str, str | int]


class UploadLimits(ResponseModel):
    """Limits of an upload."""

    file_mb: int = Field(description="Largest file of encounters, in MiB.", examples=[256])


class SchemaResponse(ResponseModel):
    """The contract of an encounter."""

    fields: list[FieldDescription]
    earlier_stays: list[FieldDescription] = Field(
        description="Fields of the patient's earlier stays: all or none, for models that take them."
    )
    classes: dict[str, str] = Field(
        description="Each outcome and its meaning; the last is the soonest return."
    )
    missing: str
    limits: UploadLimits
    presets: list[Preset]
    version: str = Field(description="Changes whenever the values or limits of a feature change.")
