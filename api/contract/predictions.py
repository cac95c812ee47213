"""Response models of predictions; each field is declared here and nowhere else.

`api.contract.fields` derives JSON, NDJSON, CSV, Parquet and OpenAPI from these models. To add a
field, declare it in `PredictionFields`. Compute it as an attribute of
`readmission.serving.model.Prediction`, or in the declaration with `ReadBy`. `EncounterFields` does
the same for what follows from the encounter alone.
"""

from collections.abc import Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.contract.fields import (
    JsonOnly,
    OneColumnPerKey,
    ReadBy,
    TextCell,
    columns_of,
    example_of,
    reader_of,
)
from api.contract.readings import History, history_of, readings_of
from readmission.domain import schema
from readmission.serving.encoding_tables import Encounter
from readmission.serving.model import Prediction, is_eligible

ClassName = Literal[schema.CLASSES]  # type: ignore[valid-type]
MEANINGS = schema.BY_NAME[schema.TARGET].values


NOT_ELIGIBLE = (
    "discharge_disposition_id: the stay ended with the patient's death, so there is no prediction"
)


def by_class(values: Sequence[float]) -> dict[str, float]:
    """Return values in the order of `schema.CLASSES` as a mapping by class."""
    return dict(zip(schema.CLASSES, values, strict=True))


class ResponseModel(BaseModel):
    """Base of all response models; allows names of fields that start with `model_`."""

    model_config = ConfigDict(protected_namespaces=())


class ModelReference(ResponseModel):
    """The model version that made the prediction."""

    model_name: Annotated[str, ReadBy(attrgetter("name"))] = Field(
        examples=["diabetes_readmission"]
    )
    model_version: Annotated[str, ReadBy(attrgetter("version"))] = Field(examples=["3"])
    data_source: str = Field(
        description="The origin of the training data.", examples=["uci", "synthetic"]
    )


class PredictionFields(ResponseModel):
    """Whether, and how soon, the patient is expected back."""

    predicted_class: ClassName | None = Field(
        description=(
            "The decision. It weighs the rarer outcomes more, so it is not always the class "
            "with the largest probability. Like the other fields of a prediction, it is null if "
            "the patient is not eligible."
        ),
        examples=["NO"],
    )
    meaning: Annotated[
        str | None, ReadBy(lambda made: MEANINGS[made.predicted_class]), JsonOnly()
    ] = Field(description="The predicted class in words.", examples=[MEANINGS["NO"]])
    probabilities: Annotated[
        dict[ClassName, float] | None,
        ReadBy(lambda made: by_class(made.probabilities)),
        OneColumnPerKey("probability"),
    ] = Field(
        description="Probability of each class.",
        examples=[by_class((0.62, 0.3, 0.08))],
    )
    risk_percentile: int | None = Field(
        ge=0,
        le=100,
        description=(
            "How many of 100 patients have a lower risk of coming back within 30 days. The "
            "comparison group is the validation patients, on whom the model was not trained."
        ),
        examples=[41],
    )


class ReadAs(ResponseModel):
    """A value that was not read as it was sent."""

    field: str = Field(examples=["diag_1"])
    sent: str = Field(examples=["E11.9"])
    value: str = Field(description="The value that was read.", examples=["250"])
    remark: str = Field(examples=["diag_1: ICD-10 E11.9 was read as ICD-9 250"])


def _note(encounter: Encounter) -> str | None:
    """Return what a reader of the prediction must know about the encounter."""
    remarks = [] if is_eligible(encounter) else [NOT_ELIGIBLE]
    remarks += [reading.remark for reading in readings_of(encounter)]
    return "; ".join(remarks) or None


class EncounterFields(ResponseModel):
    """What the service reports about the encounter itself."""

    eligible: Annotated[bool, ReadBy(is_eligible)] = Field(
        description="Whether the patient left alive and so can be readmitted at all.",
        examples=[True],
    )
    read_as: Annotated[
        list[ReadAs],
        ReadBy(lambda encounter: [asdict(reading) for reading in readings_of(encounter)]),
        JsonOnly(),
    ] = Field(
        description="Values that were interpreted: codes of ICD-10, for example.",
        examples=[[example_of(ReadAs)]],
    )
    note: Annotated[str | None, ReadBy(_note)] = Field(
        description="Why there is no prediction, and what was interpreted; null if neither.",
        examples=["diag_1: ICD-10 E11.9 was read as ICD-9 250"],
    )
    history: Annotated[History | None, ReadBy(history_of)] = Field(
        description=(
            "Whether the patient's earlier stays were used and who gave them: `used` if they were"
            " looked up, with `: all delivered stays` if this encounter has no number or was not"
            " delivered; `caller` if they were sent; else why not. Null if the model takes none."
        ),
        examples=["used"],
    )


class FollowUpFields(ResponseModel):
    """Whether the patient is to be followed up."""

    follow_up: bool | None = Field(
        description=(
            "Whether the risk of readmission within 30 days reaches the stored threshold"
            " (`GET /follow_up`); null if none is stored or there is no prediction."
        ),
        examples=[False],
    )


class LoggedPrediction(FollowUpFields, EncounterFields, PredictionFields):
    """A prediction, whether the patient is to be followed up, and whether it is in the log."""

    logged: bool = Field(
        description=(
            "Whether the prediction is in the log, from where it reaches the database. False if "
            "the disk is full, no log is configured or there is no prediction."
        ),
        examples=[True],
    )


class PredictionResponse(ModelReference, LoggedPrediction):
    """Whether, and how soon, the patient is expected back."""

    request_id: str


class ProblemDetail(ResponseModel):
    """What is wrong with one field of the request."""

    field: str = Field(examples=["age"])
    value: Any = Field(examples=["[300-310)"])
    expected: str = Field(examples=["one of '[0-10)', '[10-20)', …"])
    message: str = Field(examples=["field 'age': \"[300-310)\" is not allowed, expected …"])


class ErrorFields(ResponseModel):
    """Why a request, or a row of an upload, was rejected."""

    error: Annotated[str, ReadBy(attrgetter("kind"))] = Field(
        description="Kind of error; stable.", examples=["invalid"]
    )
    message: str = Field(
        description="The error in one sentence.", examples=["field 'age' is missing, expected …."]
    )
    problems: Annotated[
        list[ProblemDetail],
        ReadBy(lambda error: [asdict(problem) for problem in error.problems]),
        JsonOnly(),
    ]


class RowOfUpload(ResponseModel):
    """Which row it is, and the caller's keys for it, if the row has them."""

    row: int = Field(
        ge=0,
        description="Deprecated, use `line`: the row counted from 0; 0.3.0 will not return it.",
        examples=[0],
        json_schema_extra={"deprecated": True},
    )
    line: int = Field(
        ge=1,
        description="Row of the upload, counted from 1: the first one below a header.",
        examples=[1],
    )
    encounter_id: Annotated[str | int | None, TextCell()] = Field(
        None, description="Number of the stay, as sent.", examples=["2278392"]
    )
    patient_nbr: Annotated[str | int | None, TextCell()] = Field(
        None, description="Number of the patient, as sent.", examples=["8222157"]
    )
    id: Annotated[str | int | None, TextCell()] = Field(
        None, description="The caller's own column `id`, as sent.", examples=["stay 17"]
    )


class PredictedRow(LoggedPrediction, RowOfUpload):
    """A row that was predicted."""


class RejectedRow(ErrorFields, RowOfUpload):
    """A row that was rejected; the other rows are not affected."""


class UploadTotals(ResponseModel):
    """How many rows were read, predicted and rejected."""

    rows: int = Field(examples=[2])
    answered: int = Field(description="Valid rows.", examples=[2])
    ineligible: int = Field(
        0, description="How many of these have no prediction: the patient died.", examples=[0]
    )
    refused: int = Field(description="Rows that were rejected.", examples=[0])
    by_class: dict[ClassName, int] = Field(description="Predictions of each class.")


class Totals(ResponseModel):
    """What was read from the upload."""

    summary: UploadTotals


class SummaryLine(ModelReference, Totals):
    """The last line: totals of the upload and the model version that predicted all of it."""

    request_id: str


read_reference = reader_of(ModelReference)
_read_prediction = reader_of(PredictionFields)
_NO_PREDICTION = dict.fromkeys(PredictionFields.model_fields)
read_encounter = reader_of(EncounterFields)
read_error = reader_of(ErrorFields)


def read_prediction(prediction: Prediction | None) -> dict[str, Any]:
    """Return the fields of a prediction; all are None if there is none."""
    return dict(_NO_PREDICTION) if prediction is None else _read_prediction(prediction)


ROW_MODELS = (PredictedRow, RejectedRow)
COLUMNS = columns_of(*ROW_MODELS)
"""Columns of a file of predictions, in order."""
EXAMPLE = example_of(PredictedRow)
"""A predicted row as documentation shows it."""
