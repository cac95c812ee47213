"""The response of `GET /predictions/{request_id}`: from a prediction back to the source file."""

from datetime import datetime

from pydantic import Field

from api.contract.predictions import ClassName, ResponseModel
from api.contract.responses import StatusName
from readmission.modelling.families import FAMILIES
from readmission.quality.catalogue import GATES
from readmission.warehouse.verdicts import Status

HASH = "3d1f9c0e5b7a42d8"


class TracedRow(ResponseModel):
    """One logged prediction, without the values of the encounter."""

    line: int = Field(description="Row of an upload, counted from 1.", examples=[1])
    at: datetime
    model_version: str = Field(examples=["3"])
    predicted_class: ClassName = Field(examples=["NO"])
    probabilities: dict[ClassName, float] = Field(examples=[{"NO": 0.62, ">30": 0.3, "<30": 0.08}])
    encounter_hash: str | None = Field(
        description="Keyed hash of the encounter's number; null if the request had none.",
        examples=[HASH],
    )
    patient_hash: str | None = Field(
        description="Keyed hash of the patient's number; null if the request had none.",
        examples=[HASH],
    )
    caller: str | None = Field(
        description="Key id of the caller; empty if it is anonymous.", examples=["5f2a91c3"]
    )
    peer: str | None = Field(description="Address of the caller.", examples=["10.0.3.7"])


class TracedModel(ResponseModel):
    """The registered version that made the predictions."""

    name: str = Field(examples=["diabetes_readmission"])
    version: str = Field(examples=["3"])
    run_id: str = Field(examples=["0f3c9a7be0d14c0b8e5a3a1d2c4b6f80"])
    family: str | None = Field(examples=list(FAMILIES))
    data_source: str | None = Field(examples=["uci"])
    verdict: str | None = Field(examples=["promoted"])
    verdict_reason: str | None = Field(examples=["better: difference in log-loss -0.0126 …"])
    decided_at: str | None = Field(examples=["2026-11-29T10:00:00+00:00"])


class TracedRun(ResponseModel):
    """The training run of that version."""

    run_id: str = Field(examples=["0f3c9a7be0d14c0b8e5a3a1d2c4b6f80"])
    batch_id: str | None = Field(
        description="Newest batch that it was trained on.", examples=["batch-0003"]
    )
    batches: int | None = Field(description="Accepted batches up to it.", examples=[3])
    rows: int | None = Field(description="Train and validation rows.", examples=[38_214])
    data_sha256: str | None = Field(examples=["9b2e…"])
    code_sha256: str | None = Field(examples=["77ab…"])
    signed_by: str | None = Field(description="Id of the key that signed it.", examples=["1c9f"])


class GateResult(ResponseModel):
    """The result of one gate for one batch."""

    name: str = Field(examples=[gate.name for gate in GATES])
    status: StatusName = Field(examples=[Status.PASSED.value])
    report: str | None = Field(
        description="The address of its report; only its key if no address is configured.",
        examples=["https://airflow.example.org/data-quality/raw/validations/raw/batch-0001/…"],
    )


class TracedBatch(ResponseModel):
    """One batch that the version was trained on."""

    batch_id: str = Field(examples=["batch-0001"])
    origin: str | None = Field(examples=["uci"])
    file: str | None = Field(
        description="Name of the source file; null for a replay.", examples=["diabetic_data.csv"]
    )
    first_row: int | None = Field(
        description="Deprecated, use `first_line`: counted from 0; 0.3.0 will not return it.",
        examples=[0],
        json_schema_extra={"deprecated": True},
    )
    first_line: int | None = Field(
        description="Row of the file, counted from 1, at which the batch starts.", examples=[1]
    )
    content_sha256: str | None = Field(examples=["4be1…"])
    arrived_at: datetime | None
    rows: int = Field(examples=[15_000])
    clean: int = Field(examples=[14_997])
    quarantined: int = Field(examples=[3])
    gates: list[GateResult]


class Trace(ResponseModel):
    """From a prediction to its model version, training run, batches, gates and source file."""

    request_id: str = Field(examples=["4f8a2b7c9d1e4f60a1b2c3d4e5f60718"])
    rows: int = Field(description="Logged predictions of the request.", examples=[1])
    by_class: dict[ClassName, int] = Field(examples=[{"NO": 1}])
    predictions: list[TracedRow] = Field(
        description="The first rows, or the one that `line` names."
    )
    model: TracedModel | None
    run: TracedRun | None
    batches: list[TracedBatch] = Field(description="Those that the version was trained on.")
    notes: list[str] = Field(
        description="What could not be found, and why.",
        examples=[["version 3 is not in the registry any more"]],
    )
